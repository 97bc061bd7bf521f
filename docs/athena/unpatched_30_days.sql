-- SPDX-FileCopyrightText: Patchfleet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Nodes that lack patches, and on which no patch was installed in the last 30 days.
-- Not every operating system reports when a patch was installed: last_installed is null there, and the node is listed.
SELECT
  n.accountid,
  n.region,
  n.resourceid,
  n.computername,
  CAST(p.missingcount AS INTEGER) AS missing,
  p.operationendtime AS last_operation,
  i.last_installed
FROM aws_instanceinformation AS n
JOIN aws_patchsummary AS p
  ON p.accountid = n.accountid AND p.region = n.region AND p.resourceid = n.resourceid
LEFT JOIN (
  SELECT accountid, region, resourceid, MAX(installedtime) AS last_installed
  FROM aws_complianceitem
  WHERE compliancetype = 'Patch' AND patchstate LIKE 'Installed%' AND installedtime > '1970-01-02'
  GROUP BY accountid, region, resourceid
) AS i
  ON i.accountid = n.accountid AND i.region = n.region AND i.resourceid = n.resourceid
WHERE COALESCE(n.instancestatus, 'Active') <> 'Terminated'
  AND CAST(p.missingcount AS INTEGER) > 0
  AND (
    i.last_installed IS NULL
    OR CAST(SUBSTR(i.last_installed, 1, 10) AS DATE) < CURRENT_DATE - INTERVAL '30' DAY
  )
ORDER BY n.accountid, n.region, n.resourceid
