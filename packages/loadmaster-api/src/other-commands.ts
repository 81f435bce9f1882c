/**
 * Commands that LoadMasters have and this unit has not: each is answered like one that nobody has ever heard of, as a
 * LoadMaster does with what its licence or version lacks. Names are those of the vendor's interface description.
 */
export const otherCommands: readonly { readonly area: string; readonly names: readonly string[] }[] = [
  {
    area: "rules and checks",
    names: ["addresponsebodyrule", "delresponsebodyrule"],
  },
  {
    area: "network (bonds, VLANs and VXLANs are set up on the machine; the configuration file names the device)",
    names: ["createbond", "addbond", "delbond", "unbond", "addvlan", "delvlan", "addvxlan", "delvxlan"],
  },
  {
    area: "system",
    names: ["addaddon", "deladdon"],
  },
  {
    area: "sign-in of users, web application firewall, global balancing",
    names: ["showdomain", "adddomain", "moddomain", "deldomain", "addldapendpoint", "listfqdns"],
  },
];
