// Attributes that the schemas of widely used providers declare sensitive. States last written by Terraform before
// 1.8, or OpenTofu before 1.11, lack these marks. Written from the providers' public documentation.

/** A place in a type's attributes; list positions do not count as steps. */
export interface SchemaNode {
  readonly isSensitive: boolean;
  readonly children: ReadonlyMap<string, SchemaNode>;
}

/** `type: attribute attribute.nested`, one type a line. */
const SENSITIVE = `
aws_acm_certificate: private_key
aws_amplify_app: access_token oauth_token basic_auth_credentials environment_variables
aws_amplify_branch: basic_auth_credentials
aws_api_gateway_api_key: value
aws_appsync_api_key: key
aws_cloudfront_distribution: origin.custom_header
aws_cloudwatch_event_connection: auth_parameters
aws_codebuild_source_credential: token
aws_codebuild_webhook: secret
aws_codepipeline: stage.action.configuration
aws_codepipeline_webhook: authentication_configuration.secret_token
aws_cognito_identity_provider: provider_details
aws_cognito_user: password temporary_password
aws_cognito_user_pool_client: client_secret
aws_connect_user: password
aws_datasync_location_smb: password
aws_db_instance: password password_wo
aws_db_proxy: auth.secret_value
aws_directory_service_directory: password
aws_dms_certificate: certificate_pem certificate_wallet
aws_dms_endpoint: password mongodb_settings.password kafka_settings.sasl_password kafka_settings.ssl_client_key_password redis_settings.auth_password
aws_docdb_cluster: master_password master_password_wo
aws_dx_hosted_connection: dxcon_key
aws_ec2_client_vpn_endpoint: authentication_options.saml_secret
aws_elasticache_replication_group: auth_token
aws_elasticache_user: passwords authentication_mode.passwords
aws_emr_cluster: kerberos_attributes.kdc_admin_password kerberos_attributes.ad_domain_join_password kerberos_attributes.cross_realm_trust_principal_password
aws_fsx_ontap_file_system: fsx_admin_password
aws_fsx_ontap_storage_virtual_machine: svm_admin_password active_directory_configuration.self_managed_active_directory_configuration.password
aws_fsx_windows_file_system: self_managed_active_directory.password
aws_glue_connection: connection_properties
aws_grafana_workspace_api_key: key
aws_iam_access_key: secret ses_smtp_password_v4 encrypted_secret encrypted_ses_smtp_password_v4
aws_iam_service_specific_credential: service_password service_credential_secret
aws_iam_user_login_profile: password encrypted_password
aws_instance: password_data
aws_kinesis_firehose_delivery_stream: http_endpoint_configuration.access_key redshift_configuration.password splunk_configuration.hec_token snowflake_configuration.private_key snowflake_configuration.key_passphrase
aws_lambda_function: environment.variables
aws_lightsail_database: master_password
aws_lightsail_key_pair: private_key encrypted_private_key
aws_memorydb_user: authentication_mode.passwords
aws_mq_broker: user.password
aws_neptune_cluster: master_password
aws_opsworks_stack: custom_cookbooks_source.password custom_cookbooks_source.ssh_key
aws_pinpoint_adm_channel: client_id client_secret
aws_pinpoint_apns_channel: bundle_id certificate private_key team_id token_key token_key_id
aws_pinpoint_gcm_channel: api_key service_json
aws_quicksight_data_source: credentials
aws_rds_cluster: master_password master_password_wo
aws_redshift_cluster: master_password master_password_wo
aws_redshiftserverless_namespace: admin_user_password admin_user_password_wo
aws_secretsmanager_secret_version: secret_string secret_binary secret_string_wo
aws_spot_instance_request: password_data
aws_ssm_activation: activation_code
aws_ssm_parameter: value value_wo insecure_value
aws_storagegateway_gateway: smb_active_directory_settings.password smb_guest_password
aws_vpn_connection: tunnel1_preshared_key tunnel2_preshared_key customer_gateway_configuration
azuread_application_password: value
azuread_service_principal_password: value
azuread_user: password
azurerm_api_management: hostname_configuration.proxy.certificate_password
azurerm_api_management_named_value: value
azurerm_app_configuration: primary_read_key secondary_read_key primary_write_key secondary_write_key
azurerm_app_configuration_key: value
azurerm_app_service: app_settings connection_string site_credential
azurerm_application_insights: instrumentation_key connection_string
azurerm_automation_variable_string: value
azurerm_batch_account: primary_access_key secondary_access_key
azurerm_cognitive_account: primary_access_key secondary_access_key
azurerm_communication_service: primary_connection_string primary_key secondary_connection_string secondary_key
azurerm_container_app: secret
azurerm_container_group: container.secure_environment_variables image_registry_credential.password
azurerm_container_registry: admin_password
azurerm_cosmosdb_account: primary_key secondary_key primary_readonly_key secondary_readonly_key connection_strings primary_sql_connection_string primary_mongodb_connection_string
azurerm_eventgrid_topic: primary_access_key secondary_access_key
azurerm_eventhub_authorization_rule: primary_key secondary_key primary_connection_string secondary_connection_string
azurerm_function_app: app_settings connection_string site_credential
azurerm_iothub: shared_access_policy.primary_key shared_access_policy.secondary_key
azurerm_key_vault_certificate: certificate.contents certificate.password
azurerm_key_vault_secret: value value_wo
azurerm_kubernetes_cluster: kube_config kube_config_raw kube_admin_config kube_admin_config_raw service_principal.client_secret windows_profile.admin_password
azurerm_linux_function_app: app_settings connection_string site_credential storage_account_access_key
azurerm_linux_virtual_machine: admin_password custom_data
azurerm_linux_virtual_machine_scale_set: admin_password custom_data
azurerm_linux_web_app: app_settings connection_string site_credential
azurerm_log_analytics_workspace: primary_shared_key secondary_shared_key
azurerm_maps_account: primary_access_key secondary_access_key
azurerm_mssql_server: administrator_login_password administrator_login_password_wo
azurerm_mysql_flexible_server: administrator_password administrator_password_wo
azurerm_notification_hub_authorization_rule: primary_access_key secondary_access_key
azurerm_postgresql_flexible_server: administrator_password administrator_password_wo
azurerm_postgresql_server: administrator_login_password
azurerm_redis_cache: primary_access_key secondary_access_key primary_connection_string secondary_connection_string
azurerm_search_service: primary_key secondary_key query_keys
azurerm_servicebus_namespace: default_primary_key default_secondary_key default_primary_connection_string default_secondary_connection_string
azurerm_signalr_service: primary_access_key secondary_access_key primary_connection_string secondary_connection_string
azurerm_storage_account: primary_access_key secondary_access_key primary_connection_string secondary_connection_string primary_blob_connection_string secondary_blob_connection_string
azurerm_storage_account_sas: sas
azurerm_storage_container_sas: sas
azurerm_virtual_network_gateway_connection: shared_key authorization_key
azurerm_windows_virtual_machine: admin_password custom_data
azurerm_windows_web_app: app_settings connection_string site_credential
cloudflare_api_token: value
cloudflare_tunnel: secret tunnel_token
datadog_api_key: key
datadog_application_key: key
digitalocean_database_cluster: password uri private_uri
digitalocean_kubernetes_cluster: kube_config
digitalocean_spaces_key: secret_key
github_actions_environment_secret: plaintext_value encrypted_value
github_actions_organization_secret: plaintext_value encrypted_value
github_actions_secret: plaintext_value encrypted_value
github_dependabot_secret: plaintext_value encrypted_value
github_repository_webhook: configuration
gitlab_deploy_token: token
gitlab_group_access_token: token
gitlab_group_variable: value
gitlab_project_access_token: token
gitlab_project_variable: value
google_apikeys_key: key_string
google_bigquery_data_transfer_config: sensitive_params
google_compute_router: md5_authentication_keys
google_compute_snapshot: snapshot_encryption_key source_disk_encryption_key
google_compute_ssl_certificate: private_key certificate
google_compute_vpn_tunnel: shared_secret
google_container_cluster: master_auth
google_iap_client: secret
google_iam_workload_identity_pool_provider: saml.idp_metadata_xml
google_kms_secret_ciphertext: plaintext
google_monitoring_notification_channel: sensitive_labels
google_redis_instance: auth_string
google_secret_manager_secret_version: secret_data secret_data_wo
google_service_account_key: private_key
google_sql_database_instance: root_password replica_configuration.password
google_sql_ssl_cert: private_key
google_sql_user: password password_wo
google_storage_hmac_key: secret
helm_release: values set_sensitive set set_wo repository_password manifest
htpasswd_password: bcrypt apr1 sha512 sha256
kubernetes_manifest: manifest.data manifest.stringData object.data object.stringData
kubernetes_secret: data binary_data data_wo binary_data_wo
kubernetes_secret_v1: data binary_data data_wo binary_data_wo
kubernetes_token_request_v1: token
local_sensitive_file: content content_base64
local_file: sensitive_content
mongodbatlas_database_user: password
mysql_user: plaintext_password
newrelic_api_access_key: key
okta_app_oauth: client_secret
opsgenie_api_integration: api_key
pagerduty_service_integration: integration_key
postgresql_role: password password_wo
random_bytes: base64 hex
random_password: result bcrypt_hash
rancher2_bootstrap: password token
snowflake_user: password rsa_private_key
tfe_agent_token: token
tfe_organization_token: token
tfe_team_token: token
tfe_variable: value readable_value
tls_locally_signed_cert: ca_private_key_pem
tls_private_key: private_key_pem private_key_openssh private_key_pem_pkcs8
tls_self_signed_cert: private_key_pem
tls_cert_request: private_key_pem
vault_approle_auth_backend_role_secret_id: secret_id wrapping_token
vault_aws_secret_backend: access_key secret_key
vault_database_secret_backend_connection: postgresql.password mysql.password
vault_generic_secret: data data_json
vault_jwt_auth_backend: oidc_client_secret
vault_kv_secret: data data_json
vault_kv_secret_v2: data data_json
vault_ldap_auth_backend: bindpass
vault_pki_secret_backend_cert: private_key
vault_token: client_token wrapped_token id
`;

const TYPES: ReadonlyMap<string, SchemaNode> = parseSchemaRules(SENSITIVE);

/** Sensitive places of a resource or data source type, undefined for none known. */
export function schemaOf(type: string): SchemaNode | undefined {
  return TYPES.get(type);
}

/** The list itself, for the policy digest. */
export function describeSchemaRules(): readonly string[] {
  return SENSITIVE.trim().split('\n');
}

interface MutableNode {
  isSensitive: boolean;
  readonly children: Map<string, MutableNode>;
}

function parseSchemaRules(text: string): ReadonlyMap<string, SchemaNode> {
  const types = new Map<string, MutableNode>();
  for (const line of text.trim().split('\n')) {
    const [type = '', paths = ''] = line.split(': ');
    const root: MutableNode = { isSensitive: false, children: new Map() };
    for (const path of paths.split(' ')) place(root, path.split('.'));
    types.set(type, root);
  }
  return types;
}

function place(root: MutableNode, steps: readonly string[]): void {
  let node = root;
  for (const step of steps) {
    const child = node.children.get(step) ?? { isSensitive: false, children: new Map<string, MutableNode>() };
    node.children.set(step, child);
    node = child;
  }
  node.isSensitive = true;
}
