/** The help text of `tandem`; `usage.golden` holds it as people see it. */
export const usage = `Usage: tandem COMMAND [OPTIONS]

Load balancers that pair up, and a fleet manager that is itself a pair.

Commands
  central --config FILE       run a Central: the fleet manager, its API and its web pages
  central recover --config FILE
                              set aside what of a stopped Central's state cannot be read
  loadmaster --config FILE    run a LoadMaster unit: its API, HAProxy, and carpd
  carpd --config FILE         run the CARP process of a LoadMaster unit by itself (same file)
  ctl ...                     work with a Central from the command line; see tandem ctl --help
  probe URL|HOST:PORT ...     what a client sees of a service meanwhile; see tandem probe --help
  license ...                 issue licences of Centrals, and import them; see tandem license --help
  pair ...                    make a pair of a unit that serves and another one, and back; see tandem pair --help
  unit licence ...            license a unit by a Central; see tandem unit --help
  lab ...                     a whole system in network namespaces; see tandem lab --help

Options
  --help                      this text
  --version                   the version

The processes write one JSON line per event to standard output. SIGTERM stops them in an orderly way.
`;
