import { Alert, PageSection, Title } from "@patternfly/react-core";
import { errorsElsewhere } from "@tandem/web-components/values/refusal";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { statisticsQuery, treeQuery } from "../api/queries.ts";
import { StatisticsView } from "./statistics-view.tsx";

export function StatisticsPage() {
  const choice = useSearch({ from: "/statistics" });
  const navigate = useNavigate({ from: "/statistics" });
  const tree = useQuery(treeQuery);
  const series = useQuery(statisticsQuery(choice));
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">Statistics</Title>
      </PageSection>
      <PageSection>
        {errorsElsewhere(series.error ?? tree.error, []).map((problem) => (
          <Alert key={problem} variant="danger" isInline title={problem} />
        ))}
        {tree.data && (
          <StatisticsView
            tree={tree.data}
            choice={choice}
            series={series.data}
            onChoose={(search) => void navigate({ search })}
          />
        )}
      </PageSection>
    </>
  );
}
