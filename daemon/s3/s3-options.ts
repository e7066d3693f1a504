// What an S3 archive can be told, and how the SDK's client hears it. Pure; reads no environment: the SDK's chain does.

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** `requestMs` is for one request, to which comes the time its body takes at 32 kB/s. */
export interface S3Timeouts {
  readonly connectMs: number;
  readonly requestMs: number;
}

export interface S3ArchiveOptions {
  readonly bucket: string;
  /** Without slashes at its ends; '' for none. */
  readonly prefix: string;
  /** Another store than AWS, with scheme: https://s3.example.org */
  readonly endpoint?: string;
  /** Default: what the SDK finds in environment and profile; with an endpoint, us-east-1. */
  readonly region?: string;
  /** Bucket in the path instead of the host name; default: true with an endpoint, else false. */
  readonly forcePathStyle?: boolean;
  readonly profile?: string;
  readonly kmsKeyId?: string;
  /** The role of the whole host may be used. Default: false, because every job on the host shares it. */
  readonly allowInstanceRole?: boolean;
  /** Absent: the SDK's own chain (environment, profile, web identity, container, instance). */
  readonly credentials?: S3Credentials;
  /** Default: 10 s to connect, 60 s per request. */
  readonly timeouts?: S3Timeouts;
  /** Entries per page of a listing; 1 to 1000 (the default). */
  readonly pageSize?: number;
  /** Our clock, milliseconds since the epoch; default Date.now. */
  readonly now?: () => number;
}

const defaultTimeouts: S3Timeouts = { connectMs: 10_000, requestMs: 60_000 };
const slowestBytesPerMs = 32;

/** How long one request with a body of so many bytes may take, milliseconds. */
export function toPatienceMs(options: S3ArchiveOptions, bodyBytes: number): number {
  return (options.timeouts ?? defaultTimeouts).requestMs + Math.ceil(bodyBytes / slowestBytesPerMs);
}

/** Configuration of the SDK's client: one attempt, no checksums beside ours, no warnings on the console. */
export function toClientConfig(options: S3ArchiveOptions) {
  const { endpoint, profile, credentials } = options;
  const region = options.region ?? (endpoint === undefined ? undefined : 'us-east-1');
  const { connectMs } = options.timeouts ?? defaultTimeouts;
  return {
    maxAttempts: 1,
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectMs, requestTimeout: 0, logger: silence },
    logger: silence,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(credentials === undefined ? {} : { credentials }),
  } as const;
}

const quiet = (): void => undefined;
const silence = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };
