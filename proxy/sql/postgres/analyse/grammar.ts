// The grammar's node types that no walker takes by themselves: statements refused by their head, parts that are read where
// their parent is, and types that the raw parser never gives. With the walkers' tables every type is in exactly one list; a test compares them with the
// grammar, so that a new version's node can't pass unseen.

const words = (text: string): readonly string[] => text.trim().split(/\s+/u);

/** Statements that are refused by their head. */
export const REFUSED_BY_HEAD = words(`
  AlterCollationStmt AlterDatabaseRefreshCollStmt AlterDatabaseSetStmt AlterDatabaseStmt AlterDefaultPrivilegesStmt AlterDomainStmt
  AlterEventTrigStmt AlterExtensionContentsStmt AlterExtensionStmt AlterFdwStmt AlterForeignServerStmt AlterFunctionStmt
  AlterObjectDependsStmt AlterOpFamilyStmt AlterOperatorStmt AlterPolicyStmt AlterPublicationStmt AlterRoleSetStmt AlterRoleStmt
  AlterStatsStmt AlterSubscriptionStmt AlterSystemStmt AlterTSConfigurationStmt AlterTSDictionaryStmt AlterTableMoveAllStmt
  AlterTableSpaceOptionsStmt AlterTypeStmt AlterUserMappingStmt CreateAmStmt CreateCastStmt CreateConversionStmt CreateDomainStmt
  CreateEventTrigStmt CreateExtensionStmt CreateFdwStmt CreateForeignServerStmt CreateForeignTableStmt CreateOpClassStmt
  CreateOpFamilyStmt CreatePLangStmt CreatePolicyStmt CreatePublicationStmt CreateRangeStmt CreateRoleStmt CreateStatsStmt
  CreateSubscriptionStmt CreateTableSpaceStmt CreateTransformStmt CreateUserMappingStmt CreatedbStmt DefineStmt DropOwnedStmt
  DropRoleStmt DropSubscriptionStmt DropTableSpaceStmt DropUserMappingStmt DropdbStmt ImportForeignSchemaStmt ReassignOwnedStmt
  SecLabelStmt
`);

/** Read (or refused) by the walker of the node around them. */
export const PARTS = words(`
  A_Star Alias CTECycleClause CTESearchClause CaseWhen ColumnDef CommonTableExpr Constraint CurrentOfExpr DefElem IndexElem InferClause
  IntoClause JsonAggConstructor JsonArgument JsonBehavior JsonFormat JsonOutput JsonReturning JsonTableColumn JsonTablePathSpec
  LockingClause MergeWhenClause ObjectWithArgs OnConflictClause RangeTableFuncCol ReturningClause ReturningOption RoleSpec TableLikeClause
  TypeName VacuumRelation WindowDef WithClause
  AccessPriv AlterTableCmd ATAlterConstraint PartitionBoundSpec PartitionCmd PartitionElem PartitionRangeDatum PartitionSpec
  ReplicaIdentityStmt
`);

/** Only inside statements that are refused as a whole. */
export const PARTS_OF_REFUSED = words(`
  CreateOpClassItem FunctionParameter PublicationObjSpec PublicationTable ReturnStmt StatsElem TriggerTransition
`);

/** Made by the server's analysis and planning, or by libpg-query's other calls: never in a raw syntax tree. */
export const NEVER_RAW = words(`
  Aggref AlternativeSubPlan ArrayCoerceExpr ArrayExpr CallContext CaseTestExpr CoerceToDomain CoerceToDomainValue CoerceViaIO CollateExpr
  ConvertRowtypeExpr DistinctExpr FieldSelect FieldStore FilterColumn FromExpr FuncExpr Function InferenceElem InlineCodeBlock IntList
  JsonConstructorExpr JsonExpr JsonTablePath JsonTablePathScan JsonTableSiblingJoin MergeAction NextValueExpr NullIfExpr OidList
  OnConflictExpr OpExpr PLAssignStmt Param ParseResult Query RTEPermissionInfo RangeTblEntry RangeTblFunction RangeTblRef RawStmt
  RelabelType ReturningExpr RowCompareExpr RowMarkClause ScalarArrayOpExpr ScanResult ScanToken SetOperationStmt SortGroupClause SubPlan
  SubscriptingRef SummaryResult Table TableFunc TableSampleClause TargetEntry Var WindowClause WindowFunc WindowFuncRunCondition
  WithCheckOption
`);
