import { Alert, Gallery, List, ListItem } from "@patternfly/react-core";
import type { HaCheckView, HaView } from "@tandem/loadmaster-api/ha-view";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { Waiting } from "@tandem/web-components/page/waiting";
import { useQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode } from "react";
import { licenceQuery, systemQuery } from "../api/queries.ts";
import { LicenceAlert } from "../licence/licence-alert.tsx";
import { useLive } from "../live/live.tsx";
import { FactsCard } from "../settings/facts-card.tsx";
import { PacifiedAlert } from "./pacified-alert.tsx";

const momentOf = (milliseconds: number): string => new Date(milliseconds).toLocaleString();

/** The unit and its pair, as they are now. */
export function HomePage() {
  const { view } = useLive();
  return (
    <PageFrame title="Home">
      {view === null ? (
        <Waiting />
      ) : (
        <>
          <PacifiedAlert view={view} />
          <Troubles view={view} />
          <Gallery hasGutter minWidths={{ default: "100%", md: "320px" }}>
            <HaCard view={view} />
            <UnitCard view={view} />
            {(view.checks.length > 0 || view.squares !== null) && <ChecksCard view={view} />}
          </Gallery>
        </>
      )}
    </PageFrame>
  );
}

const alertsOf = (
  variant: "danger" | "warning" | "info",
  texts: readonly string[],
  before = "",
): ReactNode[] =>
  texts.map((text) => <Alert key={text} variant={variant} isInline title={`${before}${text}`} />);

function Troubles({ view }: { readonly view: HaView }) {
  return (
    <>
      {view.setup === "incomplete" && (
        <Alert variant="warning" isInline title="HA mode is set, but the pair is not complete">
          Still missing: {view.missing.join(", ")}. <a href="#/ha/setup">HA Set-up</a> leads through it.
        </Alert>
      )}
      {alertsOf("danger", view.problems)}
      {alertsOf("danger", view.foreign, "Another group uses the HA Virtual ID: ")}
      <LicenceAlert view={view}>
        <a href="#/administration/licence">Licence</a>
      </LicenceAlert>
      {alertsOf("warning", view.notices)}
      {view.problems.length + view.foreign.length + view.notices.length + view.missing.length === 0 &&
        view.pacified === null &&
        view.licence === null && (
          <Alert variant="success" isInline isPlain title="No warnings and no troubles." />
        )}
    </>
  );
}

function HaCard({ view }: { readonly view: HaView }) {
  const virtualId = useQuery(systemQuery).data?.havhid;
  const { squares } = view;
  if (squares === null)
    return (
      <FactsCard
        title="High Availability"
        facts={[
          ["Role", "Single unit"],
          [
            "Next",
            <a key="setup" href="#/ha/setup">
              Make it a pair
            </a>,
          ],
        ]}
      />
    );
  const own = squares.find((each) => each.self);
  const partner = squares.find((each) => !each.self);
  return (
    <FactsCard
      title="High Availability"
      facts={[
        ["Role of this unit", `${view.hastatus}${own === undefined ? "" : ` (${own.unit})`}`],
        ["Active since", view.activeTime > 0 ? momentOf(view.activeTime * 1000) : "It is not active"],
        ["HA Virtual ID", virtualId === undefined ? "…" : String(virtualId)],
        ["Shared address", view.sharedAddress ?? "none yet"],
        [
          "Partner",
          partner === undefined
            ? "not known"
            : [partner.unit, partner.name, partner.address].filter((part) => part !== "").join(", "),
        ],
        [
          "State of the partner",
          partner === undefined ? (
            "unknown"
          ) : (
            <>
              {partner.state}
              {partner.reasons.length > 0 && (
                <List>
                  {partner.reasons.map((reason) => (
                    <ListItem key={reason}>{reason}</ListItem>
                  ))}
                </List>
              )}
            </>
          ),
        ],
        ["Configuration", view.revision],
      ]}
    />
  );
}

function UnitCard({ view }: { readonly view: HaView }) {
  const licence = useQuery(licenceQuery).data;
  return (
    <FactsCard
      title="This unit"
      facts={[
        ["Name", view.name],
        ["Address", `${view.localAddress} (${view.here})`],
        ["Serial number", view.serial],
        ["Version", view.version],
        [
          "Licence",
          licence === undefined
            ? "…"
            : [licence.LicenseStatus, licence.LicenseType].filter((part) => part).join(": "),
        ],
      ]}
    />
  );
}

const checkRows = (checks: readonly HaCheckView[]): ReactNode =>
  checks.length === 0
    ? "No interface is checked"
    : checks.map(({ device, gateway, fault }) => (
        <div key={device}>
          {device}
          {gateway === null ? "" : `, gateway ${gateway}`}: {fault ?? "well"}
        </div>
      ));

const ChecksCard = ({ view }: { readonly view: HaView }) => (
  <FactsCard
    title="HA checks"
    facts={[
      ["This unit", <Fragment key="own">{checkRows(view.checks)}</Fragment>],
      [
        "Partner",
        <Fragment key="partner">
          {view.partnerChecks === null ? "It does not say" : checkRows(view.partnerChecks)}
        </Fragment>,
      ],
    ]}
  />
);
