export declare const engineNames: readonly string[]
/** '' when the engine answers this user. */
export declare function whyUnusable(name: string): Promise<string>
