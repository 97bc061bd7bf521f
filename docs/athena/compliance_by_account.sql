-- SPDX-FileCopyrightText: Patchfleet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Patch compliance of each account: nodes that exist, those that reported, and the share of compliant nodes.
-- A node that never reported counts as not compliant, as in the reports of the collection.
-- A node that the bucket has twice is one node, with the status that was captured last.
SELECT
  n.accountid,
  COUNT(*) AS nodes,
  COUNT(s.resourceid) AS reported,
  COUNT_IF(COALESCE(s.status, '') = 'COMPLIANT') AS compliant,
  COUNT_IF(COALESCE(s.status, '') = 'NON_COMPLIANT') AS noncompliant,
  COUNT(*) - COUNT(s.resourceid) AS never_scanned,
  ROUND(100.0 * COUNT_IF(COALESCE(s.status, '') = 'COMPLIANT') / COUNT(*), 1) AS compliance_percent
FROM (
  SELECT accountid, region, resourceid, MAX_BY(COALESCE(instancestatus, 'Active'), COALESCE(capturetime, '')) AS status
  FROM aws_instanceinformation
  GROUP BY accountid, region, resourceid
) AS n
LEFT JOIN (
  SELECT accountid, region, resourceid, MAX_BY(COALESCE(status, ''), COALESCE(capturetime, '')) AS status
  FROM aws_compliancesummary
  WHERE compliancetype = 'Patch'
  GROUP BY accountid, region, resourceid
) AS s
  ON s.accountid = n.accountid AND s.region = n.region AND s.resourceid = n.resourceid
WHERE n.status <> 'Terminated'
GROUP BY n.accountid
ORDER BY compliance_percent, n.accountid
