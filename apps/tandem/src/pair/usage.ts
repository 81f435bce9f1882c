/** The help text of `tandem pair`; `usage.golden` holds it as people see it. */
export const pairUsage = `Usage: tandem pair COMMAND --unit ADDRESS[:PORT] [OPTIONS]

Turns a LoadMaster unit that is configured and serving into a pair, and back, without an outage.
The unit itself does the work and goes on with it when this program is ended.

Commands
  check      --partner ADDRESS[:PORT] --shared ADDRESS
             look at both units and the network, and change nothing
  create     --partner ADDRESS[:PORT] --shared ADDRESS --backup-to DIR
             make a pair: the unit stays active, the partner becomes its standby
  status     how far it is, or how the last one ended
  dissolve   --backup-to DIR
             end the pair: the unit, which must be active, stays with the services
  replace    --partner ADDRESS[:PORT] --backup-to DIR
             take a new unit in the place of a partner that is dead

The unit
  --unit ADDRESS[:PORT]           the one that has the services (port 443 by default)
  --user NAME                     bal by default
  --password-file FILE            its password; otherwise a line of standard input
  --fingerprint HEX               of its key; otherwise it is shown, confirmed with yes, and kept

The other one
  --partner ADDRESS[:PORT]        its own address (dissolve: only its port matters)
  --partner-user NAME             bal by default
  --partner-password-file FILE    its password; otherwise the next line of standard input
  --partner-fingerprint HEX       of its key; otherwise it is shown and confirmed with yes

The pair
  --shared ADDRESS                the address that whichever unit is active will have
  --interface NUMBER              where both meet; by default the one in the partner's network
  --vhid NUMBER                   HA Virtual ID, 1 to 255
  --timeout SECONDS               3, 6, 9, 12 or 15
  --fast                          the standby takes over after 234 ms of silence
  --role HA1|HA2                  what the unit becomes; HA1 by default
  --overwrite                     services that the other unit has may go
  --secret-file FILE              the partner secret; made by the unit by default
  --backup-to DIR                 where the backups of both units are put first
  --leaver keep|empty             dissolve: the other unit keeps the services, switched off, or is emptied
  --gone                          dissolve: the other unit is dead for good
  --shared-address keep|drop      dissolve: the unit goes on holding the shared addresses (default), or
                                  lets go of those on which no service stands

  --json                          print the unit's answer as JSON
  --help                          this text

Fingerprints that are confirmed are asked for before passwords: the unit's and its password, then the
other one's and its password. No password is ever taken from the command line.
Exit status: 0 done, or every check is well; 1 refused, failed or not reachable; 2 the command line
cannot be obeyed.
`;
