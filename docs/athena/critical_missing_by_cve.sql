-- SPDX-FileCopyrightText: Patchfleet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Critical patches that are missing or failed to install, by CVE: the nodes and accounts that each concerns.
-- A patch without a CVE is listed by its own ID.
SELECT
  COALESCE(NULLIF(TRIM(c.cve), ''), i.id) AS cve,
  COUNT(DISTINCT i.accountid || '/' || i.region || '/' || i.resourceid) AS nodes,
  COUNT(DISTINCT i.accountid) AS accounts,
  MIN(i.title) AS example
FROM aws_complianceitem AS i
JOIN aws_instanceinformation AS n
  ON n.accountid = i.accountid AND n.region = i.region AND n.resourceid = i.resourceid
CROSS JOIN UNNEST(SPLIT(COALESCE(i.cveids, ''), ',')) AS c (cve)
WHERE i.compliancetype = 'Patch'
  AND i.patchstate IN ('Missing', 'Failed')
  AND (UPPER(i.patchseverity) = 'CRITICAL' OR UPPER(i.severity) = 'CRITICAL')
  AND COALESCE(n.instancestatus, 'Active') <> 'Terminated'
  -- A comma at the end of a list leaves an empty entry, which is no patch without a CVE.
  AND (TRIM(c.cve) <> '' OR TRIM(REPLACE(COALESCE(i.cveids, ''), ',', '')) = '')
GROUP BY COALESCE(NULLIF(TRIM(c.cve), ''), i.id)
ORDER BY nodes DESC, cve
