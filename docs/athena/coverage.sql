-- SPDX-FileCopyrightText: Patchfleet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- How far patching reaches, by account and Region: nodes that never reported, and nodes whose last report is older than
-- seven days, which nothing scans any more. A report without a readable date counts as old.
SELECT
  n.accountid,
  n.region,
  COUNT(*) AS nodes,
  COUNT_IF(p.resourceid IS NULL) AS never_scanned,
  COUNT_IF(
    p.resourceid IS NOT NULL
    AND COALESCE(p.operated, DATE '1970-01-01') < CURRENT_DATE - INTERVAL '7' DAY
  ) AS stale,
  COUNT_IF(COALESCE(p.patchgroup, '') = '') AS without_patch_group,
  COUNT_IF(n.status <> 'Active') AS not_running
FROM (
  SELECT accountid, region, resourceid, MAX_BY(COALESCE(instancestatus, 'Active'), COALESCE(capturetime, '')) AS status
  FROM aws_instanceinformation
  GROUP BY accountid, region, resourceid
) AS n
LEFT JOIN (
  SELECT
    accountid,
    region,
    resourceid,
    MAX(TRY_CAST(SUBSTR(operationendtime, 1, 10) AS DATE)) AS operated,
    MAX_BY(COALESCE(patchgroup, ''), COALESCE(capturetime, '')) AS patchgroup
  FROM aws_patchsummary
  GROUP BY accountid, region, resourceid
) AS p
  ON p.accountid = n.accountid AND p.region = n.region AND p.resourceid = n.resourceid
WHERE n.status <> 'Terminated'
GROUP BY n.accountid, n.region
ORDER BY never_scanned DESC, stale DESC, n.accountid, n.region
