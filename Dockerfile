# The worker, on the Node that package.json pins. Also runs every other command: docker run … sluice install --dry-run
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package we run needs its install script.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
# Temporal's SDK brings a native library for each of five platforms; 108 MB of them would never be loaded here.
RUN find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
      ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +

FROM ${NODE_IMAGE}
WORKDIR /app
ENV NODE_ENV=production XDG_CACHE_HOME=/var/cache/sluice
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY bin ./bin
COPY domain ./domain
COPY spec ./spec
COPY workflows ./workflows
COPY activities ./activities
COPY worker ./worker
COPY client ./client
COPY deploy ./deploy
# `sluice` registers the embedded stack's commands too; nothing of it is started here.
COPY dev ./dev
# The workflow bundle is made now, so that no start has to; any user may read it and add to Node's compile cache.
RUN node --eval "const { workflowBundle } = await import('./worker/bundle.ts'); console.log(await workflowBundle())" --input-type=module \
 && mkdir -p /var/cache/sluice/compiled && chmod -R a+rwX /var/cache/sluice
USER node
EXPOSE 9090
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=6 \
  CMD ["node", "/app/bin/sluice.js", "worker", "--probe"]
ENTRYPOINT ["node", "/app/bin/sluice.js"]
CMD ["worker", "--health-address", "0.0.0.0:9090"]
