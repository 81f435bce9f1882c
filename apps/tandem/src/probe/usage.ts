/** The help text of `tandem probe`; `usage.golden` holds it as people see it. */
export const probeUsage = `Usage: tandem probe URL | HOST:PORT [OPTIONS]

Asks a service again and again, as its clients do, and reports how long it was away. Run it on a
host of its own, never on the pair that it looks at, and move the role meanwhile (hahandover).

  URL                 http:// or https://; each request is a connection of its own, and the
                      certificate is not checked
  HOST:PORT           a request is a TCP connection; an IPv6 address stands in brackets

Options
  --interval MS       between the starts of two requests (default: 10)
  --timeout MS        how long an answer may take (default: 1000)
  --for SECONDS       how long it asks (default: 600, at most 86400); SIGINT ends it before
  --budget MS         the longest outage that is accepted
  --hold              keep one connection open beside, use it each interval, and count its cuts
  --json              one JSON object at the end, and nothing before
  --help              this text

An outage is a time between the starts of two consecutive successful requests; those of more than
three intervals are listed.

Exit status: 0 within the budget (without one: when anything was answered), 1 over it, 2 when the
command line cannot be obeyed.
`;
