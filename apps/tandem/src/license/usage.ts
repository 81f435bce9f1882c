/** The help text of `tandem license`; `usage.golden` holds it as people see it. */
export const licenseUsage = `Usage: tandem license COMMAND [OPTIONS]

Licences of Centrals: issues them with a key of your own, and brings them to a Central.

For whoever issues licences
  keygen FILE               make an issuer's key in FILE, which only you can read; prints the public key
  issue --key FILE --expires DATE [OPTIONS] > licence.jws
                            write a licence to standard output
    --holder TEXT             whose it is
    --unit ID[=LOCAL[,MBPS]]  for this Central, and its share of the local licences and of the pool; once or
                              twice. Shares that are not given are divided evenly
    --local COUNT             so many LoadMasters can have a local licence; none: no local licensing
    --metered GBPS            metered licensing, with this tier; none: no metered licensing
    --pool MBPS               a pool, which cannot go with metered licensing; none: no pool
    --expires DATE            the last day (UTC), or a moment such as 2027-06-30T12:00:00Z
    --renew FILE              for the holder, account and units of this licence; what is not given stays as
                              it was. Shares all grow or all shrink
  show FILE [--json]        what a licence says, and whose key signed it

For a Central, over its API; options as those of tandem ctl, such as --server and --json
  trust KEY [--name TEXT]   let this Central take licences that this public key signed
  issuers                   whose licences it takes
  distrust ID               end that; licences of this issuer hold no more
  import FILE [--replace-newer]
                            give it a licence; the former one is kept beside it
  status                    the licence it has, and whether it holds
  months                    months of which usage is known
  report [--month 2026-11] [--kind metered|pool] [--format text|csv|html] [--file FILE]
                            peaks of all LoadMasters in a month, and what is billed
  send-report [--month 2026-11]
                            send it now, to every destination
  destinations              where reports are sent to each month; see tandem ctl --help

Each Central of a pair has its own licence file: import the same licence on both.
Exit status: 0 done; 1 refused or failed; 2 the command line cannot be obeyed.
`;
