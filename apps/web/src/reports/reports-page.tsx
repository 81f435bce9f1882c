import { FormSelect, FormSelectOption, Toolbar, ToolbarContent, ToolbarItem } from "@patternfly/react-core";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { meteringMonthsQuery, monthUsageQuery } from "../api/queries.ts";
import { isPaired, PairNotice } from "../ha/pair-notice.tsx";
import { DeliveryCard } from "./delivery-card.tsx";
import { UsageCard } from "./usage-card.tsx";

/** Settings and Configuration > Reports: usage of metered licences and of the pool, month by month (SPEC ML3, ML6). */
export function ReportsPage() {
  const { month: chosen } = useSearch({ from: "/settings/reports" });
  const navigate = useNavigate({ from: "/settings/reports" });
  const months = useQuery(meteringMonthsQuery);
  const month = chosen ?? months.data?.months[0]?.month;
  return (
    <PageFrame
      title="Reports"
      about="Throughput is what clients send and receive; a pair of LoadMasters counts once. Months are in UTC."
    >
      <PairNotice
        text={(status) =>
          isPaired(status)
            ? "Both units show all LoadMasters of both; the Master sends the monthly reports."
            : "The reports are of what is known to this unit."
        }
      />
      <Loaded query={months}>
        {({ months: known }) => (
          <Toolbar>
            <ToolbarContent>
              <ToolbarItem>
                <FormSelect
                  aria-label="Month"
                  value={month ?? ""}
                  onChange={(_, value) => void navigate({ search: { month: value } })}
                >
                  {known.map((each) => (
                    <FormSelectOption
                      key={each.month}
                      value={each.month}
                      label={each.isOver ? each.month : `${each.month} (not over)`}
                    />
                  ))}
                </FormSelect>
              </ToolbarItem>
            </ToolbarContent>
          </Toolbar>
        )}
      </Loaded>
      {month !== undefined && <Month month={month} />}
    </PageFrame>
  );
}

function Month({ month }: { readonly month: string }) {
  const usage = useQuery(monthUsageQuery(month));
  return (
    <>
      <Loaded query={usage}>
        {(known) => (
          <>
            <UsageCard usage={known} kind="metered" />
            <UsageCard usage={known} kind="pool" />
          </>
        )}
      </Loaded>
      <DeliveryCard month={month} />
    </>
  );
}
