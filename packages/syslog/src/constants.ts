/** What is kept of one line; RFC 5424 asks receivers for 2,048 bytes, RFC 5425 for 8,192. The rest is cut off and counted. */
export const syslogLineMaxBytes = 8_192;
/**
 * The longest message a sender may announce by its count of bytes (RFC 6587, octet counting). What claims more is
 * no count, and the line ends at its line feed.
 */
export const octetCountMaxBytes = 1024 * 1024;
