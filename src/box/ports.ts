/** Where the way to the proxy begins, on the box's loopback: whoever connects speaks with the session's own proxy, and with its credential. */
export const PROXY_PORTS: readonly number[] = [3128, 3130]
