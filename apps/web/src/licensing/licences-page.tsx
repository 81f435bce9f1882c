import { Alert } from "@patternfly/react-core";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { haQuery, licensingQuery } from "../api/queries.ts";
import { isPaired, PairNotice } from "../ha/pair-notice.tsx";
import { ActivationRule } from "./activation-rule.tsx";
import { LicensedUnitsCard } from "./licensed-units-card.tsx";
import { MismatchAlert } from "./mismatch-alert.tsx";
import { SharesCard } from "./shares-card.tsx";

/** Settings and Configuration > Licence Management: what the pair may license, and whom it has licensed (SPEC ML2, ML3, ML7). */
export function LicencesPage() {
  const overview = useQuery(licensingQuery);
  const status = useQuery(haQuery).data?.status;
  return (
    <PageFrame
      title="Licence Management"
      about="A LoadMaster asks for its licence itself, on its page Licence, with either unit of a pair."
    >
      {status && <MismatchAlert status={status} />}
      <PairNotice
        text={(known) =>
          isPaired(known)
            ? "Both units grant licences, each out of its own share."
            : "It grants licences out of its own share."
        }
      />
      <Loaded query={overview}>
        {(known) => (
          <>
            {known.refuses !== null && (
              <Alert variant="warning" isInline title={`No licence is granted now: ${known.refuses}`} />
            )}
            <SharesCard
              overview={known}
              peerName={status?.peerUnit ? (status.peerName ?? "the other unit") : null}
            />
          </>
        )}
      </Loaded>
      <LicensedUnitsCard />
      <ActivationRule />
    </PageFrame>
  );
}
