/** The help text of `tandem unit`; `usage.golden` holds it as people see it. */
export const unitUsage = `Usage: tandem unit licence COMMAND --unit ADDRESS[:PORT] [OPTIONS]

Licenses a LoadMaster unit by a Central. The unit itself asks the Central, so it is the unit that must
reach it. Of a pair each unit is licensed by itself, at its own address.

Commands
  types      --central ADDRESS[:PORT]
             what the Central offers, and the fingerprint of its key
  activate   --type ID [--central ADDRESS[:PORT]]
             license the unit, or license it again, also at the other Central of a pair; without --central
             by the one that was asked last for its types, else the one that has licensed it
  status     the unit's licence, and whether it holds
  check      ask the Central now whether the licence holds, as the unit does daily
  release    [--force]
             give the licence back; with --force also when the Central cannot be told

The unit
  --unit ADDRESS[:PORT]           port 443 by default
  --user NAME                     bal by default
  --password-file FILE            its password; otherwise a line of standard input
  --fingerprint HEX               of its key; otherwise it is shown, confirmed with yes, and kept

The Central
  --central ADDRESS[:PORT]        port 8443 by default
  --central-fingerprint HEX       of its key; otherwise the unit trusts the key that it shows now, unless it
                                  knows another one already
  --type ID                       as types lists them: local, metered, pool-1000, …

  --json                          print the unit's answer as JSON
  --help                          this text

No password is ever taken from the command line.
Exit status: 0 done; 1 refused, failed or not reachable, and of status: the licence is not confirmed (grace)
or the grace is over; 2 the command line cannot be obeyed.
`;
