/** The name by which the box reaches one port of the user's own machine. */
export const HOST_NAME = 'host.paude.internal'

/** Where the box finds the provider when the credential is put in by way of a base URL. */
export const BASE_URL = 'http://127.0.0.1:3130'
