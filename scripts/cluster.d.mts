/** Why a cluster cannot be tested on; '' where it answers. */
export declare function whyNoCluster(kubeconfig?: string): Promise<string>
/** Hands images of an engine over to the cluster, unless it has them. */
export declare function loadImages(engine: string, references: readonly string[], kubeconfig: string): Promise<void>
