/** Form of an id of a session; what a label or a folder says may be anything else. */
export const SESSION_ID = /^paude-[a-z0-9]{6}$/
