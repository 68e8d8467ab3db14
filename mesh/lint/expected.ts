/** Smallest body limit that does not turn coding agents away. */
export const BODY_BYTES_LOW = 1024 * 1024;
/** Shortest time limit for one check: a body of 32 MiB is on its way for some 100 ms before it is judged. */
export const TIMEOUT_MS_SHORT = 1000;
/** Longest time limit that is no surprise to an operator. */
export const TIMEOUT_MS_LONG = 5000;
/** Smallest answer that holds every denial: its sentence has at most 1,024 characters. */
export const DENIAL_BYTES = 8192;
