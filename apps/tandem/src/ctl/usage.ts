/** The help text of `tandem ctl`; `usage.golden` holds it as people see it. */
export const ctlUsage = `Usage: tandem ctl --server ADDRESS[:PORT] COMMAND [OPTIONS]

Works with one Central over its API.

Access
  login [--user NAME]                 sign in, and keep an API key for this server
  logout                              remove that API key here and there
  password                            change one's password
  key list | add NAME | remove ID     API keys
  forget                              forget the pinned certificate of this server

Fleet
  tree                                networks with what lies in them
  network list
  network add CIDR [--name NAME] [--description TEXT]
  network set CIDR [--name NAME] [--description TEXT]
  network remove CIDR
  device list
  device add ADDRESS --user NAME [--port PORT] [--name NAME] [--device-fingerprint HEX]
  device set DEVICE [--address ADDRESS] [--port PORT] [--user NAME] [--name NAME]
                    [--new-password] [--device-fingerprint HEX]
  device remove DEVICE
  service list DEVICE                 its virtual services, and the revision that a change is based on
  service set DEVICE ADDRESS:PORT[/udp] --servers ADDRESS:PORT,… [--parameters NAME=VALUE,…]
                    [--based-on REVISION]
  service remove DEVICE ADDRESS:PORT[/udp] [--based-on REVISION]
  ha-group list                       LoadMaster pairs; units that say they are one form a group by
                                      themselves, and GROUP may be given wherever DEVICE of a
                                      service, a scheduled backup, statistics or logs is
  ha-group show GROUP                 members, which is active and since when, warnings, role changes
  ha-group rename GROUP NAME
  ha-group add NAME --shared-address ADDRESS --members DEVICE,DEVICE
  ha-group remove GROUP
  drill run GROUP --target http://ADDRESS:PORT/ | ADDRESS:PORT [--budget MS] [--and-back] [--no-wait]
                    move the role of a pair under a prober that runs in Central, and report the
                    longest outage against a budget (1000 ms by default); waits for the end,
                    and exits with 1 when the drill did not pass
  drill list GROUP [--limit COUNT]    what drills measured, newest first
  drill show GROUP ID

Statistics
  statistics show [--device DEVICE | --network CIDR] [--service ADDRESS:PORT/tcp]
                  [--real-server ADDRESS:PORT] [--since WHEN] [--until WHEN] [--step SECONDS]
  statistics status                   who polls, what is kept, how far the peer is behind

Repository, profiles and target environments (of this unit, unless ha synchronise says otherwise)
  repository list
  repository add NAME --kind backup|template|firmware --file FILE [--description TEXT]
  repository set ENTRY [--name NAME] [--kind KIND] [--file FILE] [--description TEXT]
  repository get ENTRY --file FILE
  repository remove ENTRY
  snapshot list [--device DEVICE]     what devices' configurations were, newest first
  snapshot get ID --file FILE
  profile list | show PROFILE | remove PROFILE
  profile add NAME [--file JSON]
  profile set PROFILE [--name NAME] [--file JSON]
  environment list | show ENVIRONMENT | remove ENVIRONMENT
  environment add NAME [--description TEXT] [--file JSON]
  environment set ENVIRONMENT [--name NAME] [--description TEXT] [--file JSON]

Scheduled actions
  schedule list                       with when each is due next, and its last run
  schedule add NAME backup|reboot --devices DEVICE,… --once 2026-12-01T03:00 | --cron "0 3 * * *"
                    [--time-zone ZONE] [--if-missed "run once late"|skip] [--[no-]enabled]
                    [--if-unknown "leave it to the operator"|"run again"]
  schedule change ACTION [--name NAME] [--devices DEVICE,…] [--once …] [--cron …] [--time-zone ZONE]
                    [--if-missed RULE] [--if-unknown RULE] [--[no-]enabled]
  schedule remove ACTION
  schedule run ACTION                 now, on whichever Central, whatever its role
  runs [--device DEVICE] [--state STATE] [--limit COUNT]
                                      the newest first; ACTION is an id or a name

High availability of Central
  ha status                           what HA Status shows
  ha key                              the HA key for this peer
  ha apply [--peer-key KEY] [--peer-address ADDRESS] [--peer-port PORT] [--[no-]preferred]
           [--[no-]disable] [--heartbeat SECONDS] [--hold-down SECONDS]
  ha refresh                          exchange a heartbeat now
  ha events [--limit COUNT] [--unit this|other] [--severity info|warning|error] [--follow]
                                      the timeline of both units, newest first
  ha disable | enable                 out of HA and back, without forgetting the settings
  ha handover                         the Slave takes the role, in order; waits up to 15 s for it
  ha act                              let a unit execute that stands alone and holds polling and
                                      schedules; see that the other one does not
  ha differences                      digests by table, and rows found to differ
  ha backups                          backups of this unit's shared state
  ha backup                           save the shared state as it is now
  ha backup download --file FILE [--backup NAME] [--pass-phrase-file FILE]
                                      that, or the present state, as one file that another unit can
                                      read, under a pass phrase (a line of standard input)
  ha backup upload --file FILE        give such a file to a unit, which names it
  ha backup replace NAME [--apply] [--pass-phrase-file FILE]
                                      the unit's configuration becomes the backup's, and merges with its
                                      peer's; identity, HA settings and licences stay the unit's own
  ha restore-overwritten [--backup NAME] [--apply]
                                      what differs from what joining the pair overwrote (or from NAME);
                                      with --apply every difference is written as a new edit
  ha remove --unit this|other         end the pair: which unit is removed; the other one goes on
            [--confirm NAME]          the other one, which cannot be told, is off or never serves again
  ha synchronised                     what the pair synchronises and what it does not
  ha synchronise WHAT on|off          repository, profiles, target-environments, users (API keys),
                                      notifications: on both units
  ha files                            files on their way to this unit, or missing
  notifications list                  whom events are told to (by this unit, unless ha synchronise says
                                      otherwise), and what this unit sent
  notifications add NAME --kind webhook|syslog|email --address ADDRESS
                    [--severity info|warning|error] [--new-secret] [--ca-file FILE] [--[no-]enabled]
                    email: --from MAIL --to MAIL[,MAIL...] [--user USER] [--security none|starttls|tls]
  notifications set ID [the same options but --kind, --name NAME]
  notifications test ID | remove ID
  conflicts list [--all]              changes that lost to concurrent ones; --all with the resolved
  conflicts restore ID                put the value that lost back
  conflicts dismiss ID                leave what stands
  logs [--device DEVICE] [--severity SEVERITY] [--text TEXT] [--since WHEN] [--until WHEN]
       [--limit COUNT] [--follow]     received syslog, newest last; --follow goes on with what arrives
  logs status                         how the collector is, what it lost and what it keeps
  licensing status                    what this pair may license, its units' shares, and what is in use
  licensing list                      LoadMasters that either Central has licensed; an ID in
                                      parentheses is the other Central's
  licensing recover UNIT              take a LoadMaster's licence back; UNIT is a licensing id, a name
                                      or an address
  licensing take local|pool AMOUNT    take over so much of the peer's share
  licensing rules [--activation open|known-networks|closed]
                                      which LoadMasters may be licensed: all, those in networks of the
                                      tree, or those alone that are licensed already
  license status                      this Central's own licence, and whether it holds
  license import FILE [--replace-newer]
  license trust KEY [--name TEXT]     take licences that this public key signed
  license issuers                     whose licences it takes
  license distrust ID                 end that; see also tandem license --help
  license months                      months of which usage of licences is known
  license report [--month 2026-11] [--kind metered|pool] [--format text|csv|html] [--file FILE]
                                      peaks of all LoadMasters in a month, and what is billed
  license send-report [--month 2026-11]
                                      send it now, to every destination
  license destinations                where reports are sent to each month, and what was sent
  license set-destination email|webhook --address ADDRESS [--new-secret] [--ca-file FILE]
                    [--[no-]enabled]  email: --from MAIL --to MAIL[,MAIL...] [--user USER]
                    [--security none|starttls|tls]
  license remove-destination email|webhook
  about                               which Central this is

DEVICE is an id, a name or an address; ENTRY, PROFILE and ENVIRONMENT are an id or a name.
GROUP is an id, a name or the shared address of a LoadMaster HA group.
JSON is a file with one object: a profile's settings, an environment's variables. SEVERITY is a word or a number, and means this severe or worse.
WHEN is a moment such as 2026-11-25T14:00:00Z, or so long ago: 15m, 2h, 1d.

Options
  --server ADDRESS[:PORT]   the Central (port 8443 by default); or TANDEM_SERVER
  --key-file FILE           a file with an API key; or TANDEM_API_KEY; or the one that login keeps
  --password-file FILE      a file with the password that a command needs; otherwise it is read from
                            standard input, one line each (never from the command line)
  --fingerprint HEX         what the server's certificate must be; otherwise it is pinned at first use
  --json                    print the API's answer as JSON
  --help                    this text

Certificates and API keys are kept in ~/.config/tandem; TANDEM_CONFIG_DIR names another folder.
Exit status: 0 done, 1 refused or not reachable, 2 the command line cannot be obeyed.
`;
