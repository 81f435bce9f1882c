/** Requests in the shape in which public clients send them, replayed: method, authentication, casing, body and headers. */
import {
  type Area,
  type Case,
  type Command,
  data,
  done,
  type Expected,
  refused,
  type Wire,
} from "../case.ts";

/** A service that a client may do with what it likes, with one server. */
const made: readonly Command[] = [
  {
    command: "addvs",
    with: { vs: "$service", port: "$free4", prot: "tcp", Enable: "N" },
    keep: { made: "Index" },
  },
  {
    command: "addrs",
    with: { vs: "$made", rs: "$server", rsport: "$rsPort6" },
    keep: { madeRs: "Rs.0.RsIndex" },
  },
];
const gone: readonly Command[] = [{ command: "delvs", with: { vs: "$made" } }];
const removed: readonly Command[] = [
  { command: "delvs", with: { vs: "$service", port: "$free5", prot: "tcp" } },
];

type Client = { readonly name: string; send(command: string, parameters: string): Wire };

/** v1 clients take a query, v2 clients the fields of an object after the credentials. */
const powerShell: Client = {
  name: "PowerShell module",
  send: (command, query) => ({
    method: "GET",
    path: `/access/${command}?${query}`,
    headers: { "user-agent": "Mozilla/5.0 (Windows NT; Windows NT 10.0) WindowsPowerShell/5.1" },
    onceChallenged: { authorization: "basic:$user:$password" },
  }),
};
const python: Client = {
  name: "Python SDK",
  send: (command, query) => ({
    method: "GET",
    path: `/access/${command}?${query}`,
    headers: { accept: "*/*", "accept-encoding": "gzip, deflate", authorization: "basic:$user:$password" },
  }),
};
const giantSwarm: Client = {
  name: "Go client of 2016",
  send: (command, query) => ({
    method: "GET",
    path: `/access/${command}?${query}`,
    headers: { "user-agent": "Go-http-client/1.1", authorization: "basic:$user:$password" },
  }),
};
const mathLuOne: Client = {
  name: "Terraform provider M, v1",
  send: (command, query) => ({
    method: "GET",
    path: `/access/${command}?apikey=$key${query === "" ? "" : `&${query}`}`,
    headers: { "user-agent": "Go-http-client/1.1", "accept-encoding": "gzip" },
  }),
};
const mathLuTwo: Client = {
  name: "Terraform provider M, v2",
  send: (command, fields) => ({
    method: "POST",
    path: "/accessv2",
    headers: { "user-agent": "Go-http-client/1.1", "accept-encoding": "gzip" },
    body: `{"apikey":"$key","cmd":"${command}"${fields === "" ? "" : `,${fields}`}}`,
  }),
};
const kreemer: Client = {
  name: "Go client K",
  send: (command, fields) => ({
    method: "POST",
    path: "/accessv2",
    headers: { "user-agent": "Go-http-client/1.1" },
    body: `{"cmd":"${command}","apiuser":"$user","apipass":"$password"${fields === "" ? "" : `,${fields}`}}`,
  }),
};
const pier: Client = {
  name: "Terraform provider I",
  send: (command, fields) => ({
    method: "POST",
    path: "/accessv2",
    headers: {
      "user-agent": "Go-http-client/1.1",
      "content-type": "application/json",
      accept: "application/json",
    },
    body: `{"apikey":"$key","cmd":"${command}"${fields === "" ? "" : `,${fields}`}}`,
  }),
};
const exporter: Client = {
  name: "exporter S",
  send: (command, fields) => ({
    method: "POST",
    path: "/accessv2",
    headers: { "user-agent": "Go-http-client/1.1" },
    body: `{"cmd":"${command}","apikey":"$key"${fields === "" ? "" : `,${fields}`}}`,
  }),
};
const exporterOne: Client = {
  name: "exporter X",
  send: (command, query) => ({
    method: "GET",
    path: `/access/${command}${query === "" ? "" : `?${query}`}`,
    headers: { authorization: "basic:$user:$password" },
  }),
};
const linuxfabrik: Client = {
  name: "monitoring plugin N",
  send: (command, query) => ({
    method: "GET",
    path: `/access/${command}${query === "" ? "" : `?${query}`}`,
    headers: { authorization: "basic:$user:$password", "accept-encoding": "identity", connection: "close" },
  }),
};
const curlOne: Client = {
  name: "curl -u",
  send: (command, query) => ({
    method: "GET",
    path: `/access/${command}${query === "" ? "" : `?${query}`}`,
    headers: { "user-agent": "curl/8.5.0", accept: "*/*", authorization: "basic:$user:$password" },
  }),
};
const curlTwo: Client = {
  name: "curl -d",
  send: (command, fields) => ({
    method: "POST",
    path: "/accessv2",
    headers: {
      "user-agent": "curl/8.5.0",
      accept: "*/*",
      "content-type": "application/x-www-form-urlencoded",
    },
    body: `{ "apikey" : "$key", "cmd" : "${command}"${fields === "" ? "" : `, ${fields}`} } `,
  }),
};
const acme: Client = {
  name: "certificate hook T",
  send: (command, fields) => ({
    method: "POST",
    path: "/accessv2",
    headers: { "content-type": "application/json", "user-agent": "acme.sh/3.0" },
    body: `{"cmd":"${command}","apikey":"$key"${fields === "" ? "" : `,${fields}`}}`,
  }),
};

const sends = (
  client: Client,
  what: string,
  command: string,
  parameters: string,
  expect: Expected,
  more: Partial<Case> = {},
): Case => ({
  name: `${client.name}: ${what}`,
  from: `public client: ${client.name}`,
  ask: client.send(command, parameters),
  expect,
  ...more,
});

const at4 = "vs=$service&port=$free4&prot=tcp";
const add5 = "vs=$service&port=$free5&prot=tcp";
const ofMade = { given: made, after: gone };
const installed: Expected = { is: "done", words: /^Certificate Successfully Installed/ };
const withoutCertificate = { after: [{ command: "delcert", with: { cert: "conformance" } }] };
const withCertificate = {
  given: [{ command: "addcert", with: { cert: "conformance", data: "$site64" } }],
  ...withoutCertificate,
};

const v1Clients: readonly Client[] = [
  powerShell,
  python,
  giantSwarm,
  curlOne,
  linuxfabrik,
  exporterOne,
  mathLuOne,
];
const v2Clients: readonly Client[] = [mathLuTwo, kreemer, pier, exporter, curlTwo, acme];

export const clients: Area = {
  name: "public clients",
  cases: [
    ...v1Clients.flatMap((client): Case[] => [
      sends(client, "lists services", "listvs", "", data({ "VS.0.VSPort": /^\d+$/ })),
      sends(client, "shows a service by index", "showvs", "vs=$index", data({ Index: { number: "$index" } })),
      sends(
        client,
        "changes a service",
        "modvs",
        `${at4}&nickname=by+client`,
        data({ NickName: "by client" }),
        ofMade,
      ),
      sends(client, "is told of a missing service", "showvs", "vs=99999", refused(422, "Unknown VS")),
    ]),
    ...v2Clients.flatMap((client): Case[] => [
      sends(client, "lists services", "listvs", "", data({ "VS.0.VSPort": { type: "string" } })),
      sends(
        client,
        "shows a service by index",
        "showvs",
        '"vs":$index',
        data({ Index: { number: "$index" } }),
      ),
      sends(
        client,
        "changes a service",
        "modvs",
        '"vs":"$made","NickName":"by client"',
        data({ NickName: "by client" }),
        ofMade,
      ),
      sends(client, "is told of a missing service", "showvs", '"vs":99999', refused(422, "Unknown VS")),
    ]),

    sends(
      powerShell,
      "adds a service",
      "addvs",
      `${add5}&Enable=0&VSType=http&Schedule=rr`,
      data({ VStype: "http" }),
      { after: removed },
    ),
    sends(
      powerShell,
      "adds a server",
      "addrs",
      `${at4}&rs=$server&rsport=$rsPort7&weight=100&non_local=1`,
      data({ "Rs.0.Weight": 100 }),
      ofMade,
    ),
    sends(
      powerShell,
      "disables a server",
      "modrs",
      `${at4}&rs=$server&rsport=$rsPort6&enable=0`,
      data({ "Rs.0.Enable": false }),
      ofMade,
    ),
    sends(powerShell, "deletes a server", "delrs", `${at4}&rs=$server&rsport=$rsPort6`, done, ofMade),
    sends(powerShell, "deletes a service", "delvs", at4, done, { given: made }),
    sends(powerShell, "reads an interface by iface", "showiface", "iface=0", data({ "Interface.0.Id": 0 })),
    sends(powerShell, "reads a parameter", "get", "param=hostname", data({ hostname: { type: "string" } })),
    sends(powerShell, "switches the API on", "set", "param=enableapi&value=yes", done),
    sends(powerShell, "counts the services", "vstotals", "", data({ "VS.Total": { type: "number" } })),
    sends(powerShell, "copies a service", "dupvs", "vs=$index&newvs=$service&newport=$free5", {
      is: "known",
    }),
    sends(powerShell, "disables a server everywhere", "disablers", "rs=198.51.100.200", { is: "known" }),
    sends(powerShell, "shows the rules", "showrule", "", { is: "known" }),
    sends(
      powerShell,
      "lists certificates",
      "listcert",
      "",
      data({ "cert.0.name": "conformance" }),
      withCertificate,
    ),

    sends(
      python,
      "reads a parameter in the spelling that it looks for",
      "get",
      "param=HaMode",
      data({ HaMode: { type: "number" } }),
    ),
    sends(python, "sets a parameter", "set", "param=hawait&value=0", done),
    sends(python, "reads all parameters", "getall", "", data({ hostname: { type: "string" } })),
    sends(
      python,
      "adds a server",
      "addrs",
      `${at4}&rs=$server&rsport=$rsPort7`,
      data({ "Rs.0.Port": { number: "$rsPort7" } }),
      ofMade,
    ),
    sends(
      python,
      "changes a service by its index",
      "modvs",
      "vs=$made&enable=n&schedule=lc&persist=none&idletime=660",
      data({ Schedule: "lc" }),
      ofMade,
    ),
    sends(python, "reads the statistics", "stats", "", data({ "Vs.0.VSPort": /^\d+$/ })),
    sends(python, "makes a backup", "backup", "", { is: "file" }),
    sends(python, "reads the licence", "licenseinfo", "", { is: "known" }),

    sends(
      giantSwarm,
      "adds a service of type generic",
      "addvs",
      `${add5}&Enable=0&NickName=gen-1&VStype=gen&CheckType=tcp&CheckPort=80`,
      data({ NickName: "gen-1", CheckPort: "80" }),
      { after: removed },
    ),
    sends(giantSwarm, "finds a service by name in the list", "listvs", "", data({ "VS.0.Index": /^\d+$/ })),
    sends(
      giantSwarm,
      "reads the statistics, ports as numbers",
      "stats",
      "",
      data({ "Vs.0.VSPort": { type: "number" }, "Rs.0.RSIndex": { type: "number" } }),
    ),

    sends(
      mathLuOne,
      "adds a service",
      "addvs",
      `${add5}&nickname=&type=gen&layer=7&enable=N`,
      data({ VSPort: "$free5" }, { absent: ["NickName"] }),
      { after: removed },
    ),
    sends(
      mathLuOne,
      "adds a server",
      "addrs",
      "vs=$made&rs=$server&rsport=$rsPort7",
      data({ "Rs.0.RsIndex": { type: "number" } }),
      ofMade,
    ),
    sends(
      mathLuOne,
      "shows a server",
      "showrs",
      "vs=$made&rs=%21$madeRs",
      data({ "Rs.0.RsIndex": { number: "$madeRs" } }),
      ofMade,
    ),
    sends(
      mathLuOne,
      "moves a server",
      "modrs",
      "vs=$made&rs=%21$madeRs&newport=$rsPort8",
      data({ "Rs.0.Port": { number: "$rsPort8" } }),
      ofMade,
    ),
    sends(mathLuOne, "deletes a server", "delrs", "vs=$made&rs=%21$madeRs", done, ofMade),
    sends(mathLuOne, "deletes a service", "delvs", "vs=$made", done, { given: made }),

    sends(
      mathLuTwo,
      "adds a service",
      "addvs",
      '"vs":"$service","port":"$free5","prot":"tcp","NickName":"m2","VStype":"gen","Enable":"N"',
      data({ NickName: "m2", VSPort: { type: "string" }, Layer: { type: "number" } }),
      { after: removed },
    ),
    sends(
      mathLuTwo,
      "adds a server",
      "addrs",
      '"vs":$made,"rs":"$server","rsport":$rsPort7',
      data({ "Rs.0.Port": { type: "number" } }),
      ofMade,
    ),
    sends(
      mathLuTwo,
      "shows a server",
      "showrs",
      '"vs":$made,"rs":"!$madeRs"',
      data({ "Rs.0.RsIndex": { number: "$madeRs" } }),
      ofMade,
    ),
    sends(
      mathLuTwo,
      "moves a server",
      "modrs",
      '"vs":$made,"rs":"!$madeRs","newport":"$rsPort8"',
      data({ "Rs.0.Port": { number: "$rsPort8" } }),
      ofMade,
    ),
    sends(
      mathLuTwo,
      "leaves a server's port as it is, with an empty text",
      "modrs",
      '"vs":$made,"rs":"!$madeRs","newport":""',
      data({ "Rs.0.Port": { number: "$rsPort6" } }),
      ofMade,
    ),
    sends(mathLuTwo, "deletes a server", "delrs", '"vs":$made,"rs":"!$madeRs"', done, ofMade),
    sends(mathLuTwo, "deletes a service", "delvs", '"vs":$made', done, { given: made }),

    sends(
      kreemer,
      "adds a service with switches as booleans and null",
      "addvs",
      '"vs":"$service","port":"$free5","prot":"tcp","Enable":false,"NickName":"k","ForceL7":true,"SubnetOriginating":null,"Refreshpersist":null,"Transparent":false',
      data({ NickName: "k", ForceL7: true, Enable: false }),
      { after: removed },
    ),
    sends(
      kreemer,
      "changes a service's check",
      "modvs",
      '"vs":$made,"ForceL7":null,"SubnetOriginating":null,"Refreshpersist":null,"CheckType":"http","CheckUrl":"/health","CheckUse1.1":true,"CheckPort":"8080","CheckCodes":"301 302"',
      data({ CheckUrl: "/health", CheckPort: "8080", "CheckUse1.1": true }),
      ofMade,
    ),
    sends(
      kreemer,
      "adds a server",
      "addrs",
      '"vs":"$made","rs":"$server","rsport":"$rsPort7","weight":500,"enable":true,"limit":0,"critical":false,"follow":0,"non_local":false',
      data({ "Rs.0.Weight": 500 }, { count: { Rs: 1 } }),
      ofMade,
    ),
    sends(
      kreemer,
      "changes a server",
      "modrs",
      '"vs":"$made","rs":"!$madeRs","weight":7,"enable":false',
      data({ "Rs.0.Weight": 7, "Rs.0.Enable": false }),
      ofMade,
    ),
    sends(kreemer, "deletes a server", "delrs", '"vs":"$made","rs":"!$madeRs"', done, ofMade),
    sends(kreemer, "deletes a service", "delvs", '"vs":$made', done, { given: made }),
    sends(kreemer, "lists keys", "listapikeys", "", data({ apikeys: { type: "texts" } })),
    sends(kreemer, "adds a SubVS", "modvs", '"vs":$made,"createsubvs":""', data({ MasterVS: 1 }), {
      given: made.slice(0, 1),
      after: gone,
    }),
    sends(
      kreemer,
      "adds a match rule",
      "addrule",
      '"name":"conformance","type":"0","pattern":"^/x"',
      data({ "MatchContentRule.0.Name": "conformance" }),
      { after: [{ command: "delrule", with: { name: "conformance" } }] },
    ),
    sends(kreemer, "asks for ACL settings", "aclcontrol", '"list":"block"', data({ list: "block" })),

    sends(
      pier,
      "adds a service with numbers as texts",
      "addvs",
      '"vs":"$service","port":"$free5","prot":"tcp","enable":"n","idletime":"120","vstype":"http","schedule":"wlc"',
      data({ Idletime: 120, Schedule: "wlc" }),
      { after: removed },
    ),
    sends(
      pier,
      "adds a server",
      "addrs",
      '"vs":"$made","rs":"$server","rsport":"$rsPort7","weight":"200"',
      data({ "Rs.0.Weight": 200 }),
      ofMade,
    ),
    sends(
      pier,
      "changes a server, and reads it from the answer",
      "modrs",
      '"vs":"$made","rs":"!$madeRs","weight":"9"',
      data({ "Rs.0.Weight": 9, "Rs.0.RsIndex": { number: "$madeRs" } }, { count: { Rs: 1 } }),
      ofMade,
    ),
    sends(
      pier,
      "reads an interface",
      "showiface",
      '"interface":"0"',
      data({ "Interface.0.IPAddress": /\/\d+$/ }),
    ),
    sends(
      pier,
      "is told of a missing server",
      "showrs",
      '"vs":"$index","rs":"!99999"',
      refused(422, "Unknown RS"),
    ),
    sends(pier, "lists users", "userlist", "", { is: "known" }),
    sends(pier, "shows the routes", "showroute", "", { is: "known" }),
    sends(pier, "shows the hosts", "gethosts", "", { is: "known" }),

    sends(
      exporter,
      "reads the statistics, ports as numbers",
      "stats",
      "",
      data({
        "Vs.0.VSPort": { type: "number" },
        "Rs.0.Port": { type: "number" },
        "Rs.0.ActivConns": { type: "number" },
      }),
    ),
    sends(
      exporter,
      "reads the interfaces",
      "showiface",
      "",
      data({ "Interface.0.Mtu": { type: "string" }, "Interface.0.Id": { type: "number" } }),
    ),
    sends(
      exporter,
      "shows a service",
      "showvs",
      '"vs":"$index"',
      data({ VSPort: { type: "string" }, "Rs.0.Addr": { type: "string" } }),
    ),
    sends(
      exporterOne,
      "reads the statistics",
      "stats",
      "",
      data({ "VStotals.TotalConns": { type: "number" }, ChangeTime: { type: "number" } }),
    ),

    sends(
      curlOne,
      "reads the version, as the description has it",
      "get",
      "param=version",
      data({ version: { type: "string" } }),
    ),
    sends(curlOne, "deletes a key of a user", "delapikey", "key=$spare&user=$user", done, {
      given: [{ command: "addapikey", keep: { spare: "apikey" } }],
    }),
    sends(
      curlTwo,
      "lists the commands, as the description has it",
      "listapi",
      "",
      data({ version: { type: "string" } }),
    ),
    sends(
      curlTwo,
      "switches the API on, as the description has it",
      "set",
      '"param" : "enableapi", "val" : true',
      done,
    ),

    sends(
      acme,
      "uploads a certificate",
      "addcert",
      '"cert":"conformance","replace":"0","data":"$site64"',
      installed,
      withoutCertificate,
    ),
    sends(
      acme,
      "lists certificates",
      "listcert",
      "",
      data({ "cert.0.name": "conformance" }),
      withCertificate,
    ),
    {
      name: "Keyfactor: lists certificates, signed in before it is asked",
      from: "public client: Keyfactor orchestrator",
      ask: { method: "GET", path: "/access/listcert", headers: { authorization: "basic:$user:$password" } },
      expect: data({ "cert.0.name": "conformance" }),
      ...withCertificate,
    },
    {
      name: "certificate script D: uploads a certificate as the body of a POST",
      from: "public client: DigiCert scripts",
      ask: {
        method: "POST",
        path: "/access/addcert?cert=conformance&replace=0",
        headers: {
          authorization: "basic:$user:$password",
          "content-type": "application/x-www-form-urlencoded",
        },
        body: "$sitePem",
      },
      expect: installed,
      ...withoutCertificate,
    },
  ],
};
