/** The reader's own zone. */
export const ownTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zones that the browser knows, `UTC` and `chosen` among them. */
export const timeZones = (chosen: string): readonly string[] =>
  [...new Set(["UTC", ownTimeZone(), chosen, ...Intl.supportedValuesOf("timeZone")])].sort();
