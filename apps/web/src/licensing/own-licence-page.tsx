import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { haQuery, ownLicenceQuery } from "../api/queries.ts";
import { isPaired, PairNotice } from "../ha/pair-notice.tsx";
import { IssuersCard } from "./issuers-card.tsx";
import { MismatchAlert } from "./mismatch-alert.tsx";
import { OwnLicenceCard } from "./own-licence-card.tsx";

/** Settings and Configuration > LoadMaster Licensing: Central's own licence, and whose licences it takes (SPEC ML1). */
export function OwnLicencePage() {
  const licence = useQuery(ownLicenceQuery);
  const status = useQuery(haQuery).data?.status;
  return (
    <PageFrame
      title="LoadMaster Licensing"
      about="Central’s own licence: which licences of LoadMasters it may grant, and until when."
    >
      {status && <MismatchAlert status={status} />}
      <PairNotice
        text={(known) =>
          isPaired(known)
            ? "Each unit has a licence and issuers of its own: import the same licence on both."
            : "The licence and the issuers are of this unit alone."
        }
      />
      <Loaded query={licence}>{(own) => <OwnLicenceCard own={own} now={Date.now()} />}</Loaded>
      <IssuersCard />
    </PageFrame>
  );
}
