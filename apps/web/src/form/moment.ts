/** A moment of the API (RFC 3339) in the reader's own zone, or a word for "not yet". */
export const moment = (at: string | null): string => (at === null ? "never" : new Date(at).toLocaleString());
