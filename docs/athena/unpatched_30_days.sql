-- SPDX-FileCopyrightText: Patchfleet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Nodes that lack patches, and on which no patch was installed in the last 30 days.
-- Not every operating system reports when a patch was installed: last_installed is null there, as where the date cannot
-- be read, and the node is listed.
SELECT
  n.accountid,
  n.region,
  n.resourceid,
  n.computername,
  p.missing,
  p.last_operation,
  i.last_installed
FROM (
  SELECT
    accountid,
    region,
    resourceid,
    MAX_BY(computername, COALESCE(capturetime, '')) AS computername,
    MAX_BY(COALESCE(instancestatus, 'Active'), COALESCE(capturetime, '')) AS status
  FROM aws_instanceinformation
  GROUP BY accountid, region, resourceid
) AS n
JOIN (
  SELECT
    accountid,
    region,
    resourceid,
    MAX_BY(COALESCE(TRY_CAST(missingcount AS INTEGER), 0), COALESCE(capturetime, '')) AS missing,
    MAX(operationendtime) AS last_operation
  FROM aws_patchsummary
  GROUP BY accountid, region, resourceid
) AS p
  ON p.accountid = n.accountid AND p.region = n.region AND p.resourceid = n.resourceid
LEFT JOIN (
  SELECT accountid, region, resourceid, MAX(TRY_CAST(SUBSTR(installedtime, 1, 10) AS DATE)) AS last_installed
  FROM aws_complianceitem
  WHERE compliancetype = 'Patch'
    AND patchstate LIKE 'Installed%'
    AND TRY_CAST(SUBSTR(installedtime, 1, 10) AS DATE) > DATE '1970-01-02'
  GROUP BY accountid, region, resourceid
) AS i
  ON i.accountid = n.accountid AND i.region = n.region AND i.resourceid = n.resourceid
WHERE n.status <> 'Terminated'
  AND p.missing > 0
  AND COALESCE(i.last_installed, DATE '1970-01-01') < CURRENT_DATE - INTERVAL '30' DAY
ORDER BY n.accountid, n.region, n.resourceid
