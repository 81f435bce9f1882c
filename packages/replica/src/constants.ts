/** Bounds of the replication core. What is written here obeys them too, so that a peer never refuses what this unit accepted. */

/** The latest wire version that a table or column says it is since: the peers' own (`docs/rolling-upgrade.md`). */
export const sinceLatest = 2;
/** Versions in one delta. A frame of the peer link is bounded to 64 MiB besides. */
export const deltaItemsMax = 1_000_000;
/** Incarnations in one vector: one for each start of a process that then wrote something. */
export const vectorEntriesMax = 20_000;
/** Entries of all contexts of one delta together, once they are written out. */
export const contextEntriesMax = 20_000_000;
/** Characters of a table's, column's or merge group's name. */
export const nameMaxLength = 64;
/** Characters of a row's key. */
export const rowKeyMaxLength = 512;
/** Characters of an author's name or a unit's id. */
export const authorMaxLength = 256;
/** Nested arrays and objects in one value. */
export const valueDepthMax = 32;
/** Array elements and object members in one value. */
export const valueMembersMax = 100_000;
/** Characters of one string inside a value. */
export const valueStringMaxLength = 1_048_576;
/** Rows changed by one transaction. */
export const editsPerWriteMax = 100_000;
/**
 * The greatest hybrid clock, in milliseconds since 1970 (the year 144 683). Below 2^53, so that counting on
 * from it stays exact.
 */
export const clockMax = 2 ** 52;
/** The greatest sequence within an incarnation, and the greatest life of a row. */
export const counterMax = 2 ** 40;
/**
 * What a message may claim of a clock and of a row's life: half the bound, so that a forged or damaged one leaves this
 * unit room to count on from it. No clock of a real machine comes near.
 */
export const clockOnWireMax = clockMax / 2;
export const lifeOnWireMax = counterMax / 2;
/** Distinct incarnations, authors and units whose text is shared in memory; beyond it the sharing begins anew. */
export const sharedTextsMax = 100_000;
/** From so many items on, the versions of a delta are kept as they were decoded. */
export const longDeltaItems = 10_000;
