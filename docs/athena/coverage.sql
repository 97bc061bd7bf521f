-- SPDX-FileCopyrightText: Patchfleet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- How far patching reaches, by account and region: nodes that never reported, and nodes whose last report is older than
-- seven days, which nothing scans any more.
SELECT
  n.accountid,
  n.region,
  COUNT(*) AS nodes,
  COUNT_IF(p.resourceid IS NULL) AS never_scanned,
  COUNT_IF(
    COALESCE(CAST(SUBSTR(p.operationendtime, 1, 10) AS DATE) < CURRENT_DATE - INTERVAL '7' DAY, FALSE)
  ) AS stale,
  COUNT_IF(COALESCE(p.patchgroup, '') = '') AS without_patch_group,
  COUNT_IF(COALESCE(n.instancestatus, 'Active') <> 'Active') AS not_running
FROM aws_instanceinformation AS n
LEFT JOIN aws_patchsummary AS p
  ON p.accountid = n.accountid AND p.region = n.region AND p.resourceid = n.resourceid
WHERE COALESCE(n.instancestatus, 'Active') <> 'Terminated'
GROUP BY n.accountid, n.region
ORDER BY never_scanned DESC, stale DESC, n.accountid, n.region
