/** Answers what Gemini asks at a first start: the sandbox is paude's, and the key comes from the proxy. */
const ANSWERS = { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } }

/** Hooks are one process each, some 20 ms. `timeout` in milliseconds. */
const hook = (script: string, timeout: number) => ({ type: 'command', name: 'paude', command: `exec /bin/sh ${script}`, timeout })

const NOTE = hook('/paude/seed/conversation.sh /tmp/.gemini/agent', 5000)
const RECORD = hook('/paude/seed/hook.sh', 2000)

/** What is recorded: no project and no user takes them out. */
const RECORDED = ['BeforeAgent', 'BeforeTool', 'AfterTool', 'AfterAgent', 'Notification', 'SessionEnd'] as const

/**
 * Gemini's system settings, which come before yours and the project's. They are part of the image, since Gemini reads them only where
 * root owns the file and every folder above it.
 */
export const systemSettings: string = json({
  security: ANSWERS,
  // Nothing but the model is contacted, so that nothing but the model need be allowed.
  privacy: { usageStatisticsEnabled: false },
  general: {
    enableAutoUpdate: false,
    enableAutoUpdateNotification: false,
    // Going on with a conversation leaves an empty file of its name, for which the cleanup of 0.61.0 takes away the whole one too.
    sessionRetention: { enabled: false },
  },
  hooksConfig: { notifications: false },
  hooks: {
    SessionStart: [{ hooks: [NOTE] }],
    ...Object.fromEntries(RECORDED.map((event) => [event, [{ hooks: [RECORD] }]])),
  },
})

/** Your settings in a HOME that has none: for an image that is not built by paude. */
export const userSettings: string = json({ security: ANSWERS })

/** The extension by which Gemini reads what it is told of the sandbox. */
export const extension: string = json({ name: 'paude', version: '1.0.0', contextFileName: 'GEMINI.md' })

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
