// Configurations for the scripted provider, as HCL text. The block that names the provider is `scriptedBlock`.

/** A `scripted_thing` with the given lines in its body. */
export function formatThing(name: string, body = ''): string {
  return `resource "scripted_thing" "${name}" {\n${body}\n}\n`;
}

/** A body line: on replace, create the new object before the old one goes. */
export const createFirst = 'lifecycle {\n  create_before_destroy = true\n}';

/** Every secret `richConfiguration` writes down; the write-only one must not even reach a state. */
export const richSecrets = {
  variable: 'FROM-VARIABLE',
  plain: 'PLAIN-SECRET',
  user: 'USER-SECRET',
  setting: 'SETTING-SECRET',
  writeOnly: 'WRITE-ONLY-SECRET',
} as const;

/** One thing with all there is, a data source and a sensitive output. */
export const richConfiguration = `
variable "given" {
  sensitive = true
  default   = "${richSecrets.variable}"
}
data "scripted_lookup" "found" {
  key = "k"
}
resource "scripted_thing" "a" {
  name      = "a"
  size      = 12345678901234567890.25
  tags      = { plain = "1", from_variable = var.given }
  secret    = "${richSecrets.plain}"
  blob      = { n = 1 }
  rules     = ["y", "x"]
  users     = { "alice.b" = { password = "${richSecrets.user}", role = "admin" } }
  secret_wo = "${richSecrets.writeOnly}"
  setting {
    value    = "v"
    password = "${richSecrets.setting}"
  }
}
output "token" {
  value     = scripted_thing.a.token
  sensitive = true
}
`;
