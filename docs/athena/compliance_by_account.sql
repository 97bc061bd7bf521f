-- SPDX-FileCopyrightText: Patchfleet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Patch compliance of each account: nodes that exist, those that reported, and the share of compliant nodes.
-- A node that never reported counts as not compliant, as in the reports of the collection.
SELECT
  n.accountid,
  COUNT(*) AS nodes,
  COUNT(s.resourceid) AS reported,
  COUNT_IF(COALESCE(s.status, '') = 'COMPLIANT') AS compliant,
  COUNT_IF(COALESCE(s.status, '') = 'NON_COMPLIANT') AS noncompliant,
  COUNT(*) - COUNT(s.resourceid) AS never_scanned,
  ROUND(100.0 * COUNT_IF(COALESCE(s.status, '') = 'COMPLIANT') / COUNT(*), 1) AS compliance_percent
FROM aws_instanceinformation AS n
LEFT JOIN aws_compliancesummary AS s
  ON s.accountid = n.accountid AND s.region = n.region AND s.resourceid = n.resourceid AND s.compliancetype = 'Patch'
WHERE COALESCE(n.instancestatus, 'Active') <> 'Terminated'
GROUP BY n.accountid
ORDER BY compliance_percent, n.accountid
