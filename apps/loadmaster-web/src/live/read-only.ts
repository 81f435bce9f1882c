/** Where the pages of a pair are. */
/** The pages at another address of the pair, on the port that these came from. */
export const pagesAt = (address: string): string =>
  `https://${address}${location.port === "" ? "" : `:${location.port}`}/`;
