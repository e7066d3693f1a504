// The words and flags that Terraform and OpenTofu know, as far as a command line may be shown: subcommands, flags by
// what they take. What is not listed here is never shown. Pure tables.

/** Subcommands by their first word, with the second words that some of them have. */
export const SUBCOMMANDS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    apply: '',
    console: '',
    destroy: '',
    env: 'delete list new select show',
    fmt: '',
    'force-unlock': '',
    get: '',
    graph: '',
    import: '',
    init: '',
    login: '',
    logout: '',
    metadata: 'functions',
    modules: '',
    output: '',
    plan: '',
    providers: 'lock mirror schema',
    push: '',
    query: '',
    refresh: '',
    show: '',
    stacks: '',
    state: 'identities list mv pull push replace-provider rm show',
    taint: '',
    test: 'cleanup',
    untaint: '',
    validate: '',
    version: '',
    workspace: 'delete list new select show',
  }).map(([word, seconds]) => [word, new Set(seconds.split(' ').filter((second) => second !== ''))]),
);

/** What a flag takes. 'switch': nothing, or =true and =false. 'word': one of few. 'hidden': a value that may be anything. */
export type FlagKind = 'switch' | 'number' | 'duration' | 'word' | 'hidden';

const FLAG_NAMES: Readonly<Record<FlagKind, string>> = {
  switch: `allow-deferral allow-missing auto-approve backend check compact-warnings concise consolidate-errors
    consolidate-warnings destroy detailed-exitcode diff draw-cycles dry-run enable-plugin-cache force force-copy get help
    ignore-remote-version input json list lock migrate-state no-color no-tests or-create raw reconfigure recursive refresh
    refresh-only show-sensitive suppress-forget-errors upgrade verbose version write`,
  number: 'module-depth parallelism run-parallelism',
  duration: 'lock-timeout',
  word: 'lockfile type',
  hidden: `backend-config backup backup-out chdir cloud-run config deprecation exclude exclude-file filter from-module
    fs-mirror generate-config-out id invoke json-into junit-xml net-mirror out plan platform plugin-dir provider query
    replace state state-out target target-file test-directory var var-file`,
};

export const FLAGS: ReadonlyMap<string, FlagKind> = new Map(
  (['switch', 'number', 'duration', 'word', 'hidden'] as const).flatMap((kind) =>
    FLAG_NAMES[kind]
      .split(/\s+/)
      .filter((name) => name !== '')
      .map((name): [string, FlagKind] => [name, kind]),
  ),
);

/** Values of the 'word' flags. */
export const FLAG_WORDS: ReadonlySet<string> = new Set([
  'apply',
  'plan',
  'plan-destroy',
  'plan-refresh-only',
  'readonly',
  'validate',
]);
