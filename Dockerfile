# syntax=docker/dockerfile:1
# The recorder in a container. Nothing outside /var/lib/stateseal is written, so the root may be read-only:
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#     -v stateseal:/var/lib/stateseal -v /srv/terraform:/srv/terraform:ro \
#     -v /etc/stateseal:/etc/stateseal:ro stateseal
# The states must be readable for uid 10001, or give --user. The API listens on the container's own loopback only.

FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY daemon daemon
COPY schemas schemas
# The Node of the optional packages serves clones; this image brings its own.
RUN npm run build && npm prune --omit=dev --omit=optional

FROM node:24-slim
RUN groupadd --system --gid 10001 stateseal \
 && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/stateseal \
      --shell /usr/sbin/nologin stateseal \
 && install --directory --owner=stateseal --group=stateseal --mode=0700 /var/lib/stateseal
WORKDIR /opt/stateseal
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
COPY --from=build /src/schemas schemas

ENV NODE_ENV=production STATE_DIRECTORY=/var/lib/stateseal
USER 10001:10001
VOLUME /var/lib/stateseal
# Seals what is open before it ends; give it time: docker stop --time 60
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7373/livez').then((r) => { process.exitCode = r.ok ? 0 : 1 }, () => { process.exitCode = 1 })"]
# Process 1 handles its own signals and starts no other, so no init is needed; docker run --init does no harm.
ENTRYPOINT ["node", "--disable-sigusr1", "dist/bin.js"]
CMD ["watch", "--config", "/etc/stateseal/config.yaml"]
