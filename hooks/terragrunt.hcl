# Into the root terragrunt.hcl. terraform_binary makes every run go through the shim; the hooks tell of those that
# Terragrunt itself stops. after_hook needs run_on_error: without it a failed run has no end.
terraform_binary = "/usr/local/lib/stateseal/shim/terraform"

terraform {
  before_hook "stateseal_before" {
    commands = ["apply", "destroy", "import", "plan", "refresh", "state", "taint", "untaint"]
    execute  = ["/usr/local/lib/stateseal/hooks/terragrunt.sh", "before"]
  }

  after_hook "stateseal_after" {
    commands     = ["apply", "destroy", "import", "plan", "refresh", "state", "taint", "untaint"]
    execute      = ["/usr/local/lib/stateseal/hooks/terragrunt.sh", "after"]
    run_on_error = true
  }

  error_hook "stateseal_error" {
    commands  = ["apply", "destroy", "import", "plan", "refresh", "state", "taint", "untaint"]
    execute   = ["/usr/local/lib/stateseal/hooks/terragrunt.sh", "error"]
    on_errors = [".*"]
  }
}
