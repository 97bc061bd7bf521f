-- SPDX-FileCopyrightText: Patchfleet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Tables of Athena on the objects of a resource data sync. Replace the bucket and the prefix, and run the statements one
-- at a time. Then load the partitions: MSCK REPAIR TABLE for each table, and again for each new account and Region.
-- All values are text; a member that a node does not report is null.

-- One row for each managed node. ResourceType is left out: it is the name of a partition key, too.
CREATE EXTERNAL TABLE IF NOT EXISTS aws_instanceinformation (
  resourceid string,
  capturetime string,
  schemaversion string,
  agenttype string,
  agentversion string,
  computername string,
  instanceid string,
  instancestatus string,
  ipaddress string,
  platformname string,
  platformtype string,
  platformversion string
)
PARTITIONED BY (accountid string, region string, resourcetype string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')
LOCATION 's3://example-patch-compliance/inventory/AWS:InstanceInformation/';

-- One row for each node and compliance type.
CREATE EXTERNAL TABLE IF NOT EXISTS aws_compliancesummary (
  resourceid string,
  capturetime string,
  schemaversion string,
  compliancetype string,
  patchgroup string,
  patchbaselineid string,
  status string,
  overallseverity string,
  executionid string,
  executiontype string,
  executiontime string,
  compliantcriticalcount string,
  complianthighcount string,
  compliantmediumcount string,
  compliantlowcount string,
  compliantinformationalcount string,
  compliantunspecifiedcount string,
  noncompliantcriticalcount string,
  noncomplianthighcount string,
  noncompliantmediumcount string,
  noncompliantlowcount string,
  noncompliantinformationalcount string,
  noncompliantunspecifiedcount string
)
PARTITIONED BY (accountid string, region string, resourcetype string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')
LOCATION 's3://example-patch-compliance/inventory/AWS:ComplianceSummary/';

-- One row for each node and patch.
CREATE EXTERNAL TABLE IF NOT EXISTS aws_complianceitem (
  resourceid string,
  capturetime string,
  schemaversion string,
  compliancetype string,
  executionid string,
  executiontype string,
  executiontime string,
  id string,
  title string,
  status string,
  severity string,
  documentname string,
  documentversion string,
  classification string,
  patchbaselineid string,
  patchseverity string,
  patchstate string,
  patchgroup string,
  installedtime string,
  installoverridelist string,
  detailedtext string,
  detailedlink string,
  cveids string
)
PARTITIONED BY (accountid string, region string, resourcetype string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')
LOCATION 's3://example-patch-compliance/inventory/AWS:ComplianceItem/';

-- One row for each node: its last patch operation.
CREATE EXTERNAL TABLE IF NOT EXISTS aws_patchsummary (
  resourceid string,
  capturetime string,
  schemaversion string,
  patchgroup string,
  baselineid string,
  snapshotid string,
  ownerinformation string,
  installedcount string,
  installedothercount string,
  installedpendingrebootcount string,
  installedrejectedcount string,
  notapplicablecount string,
  missingcount string,
  failedcount string,
  unreportednotapplicablecount string,
  criticalnoncompliantcount string,
  securitynoncompliantcount string,
  othernoncompliantcount string,
  operationtype string,
  operationstarttime string,
  operationendtime string,
  rebootoption string,
  installoverridelist string,
  lastnorebootinstalloperationtime string,
  executionid string,
  noncompliantseverity string
)
PARTITIONED BY (accountid string, region string, resourcetype string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')
LOCATION 's3://example-patch-compliance/inventory/AWS:PatchSummary/';

-- One row for each node and patch of the last patch operation.
CREATE EXTERNAL TABLE IF NOT EXISTS aws_patchcompliance (
  resourceid string,
  capturetime string,
  schemaversion string,
  title string,
  kbid string,
  classification string,
  severity string,
  state string,
  installedtime string
)
PARTITIONED BY (accountid string, region string, resourcetype string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')
LOCATION 's3://example-patch-compliance/inventory/AWS:PatchCompliance/';
