/** Where the gate listens on the box's loopback: whoever connects speaks with the session's own proxy, and with its credential. */
export const GATE_PORTS: readonly number[] = [3128, 3130]
