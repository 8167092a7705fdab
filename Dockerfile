# wasmstate without the window: docker build -t wasmstate . && docker run --rm -v "$PWD:/data" wasmstate check model.wasm
FROM python:3.13-slim AS build
COPY . /src
RUN python -m venv /opt/wasmstate && /opt/wasmstate/bin/pip install --no-cache-dir --constraint /src/constraints.txt /src

FROM python:3.13-slim
COPY --from=build /opt/wasmstate /opt/wasmstate
# A commit creates its temporary file beside the model, so the folder of the models is mounted, not the file.
WORKDIR /data
USER 1000:1000
ENTRYPOINT ["/opt/wasmstate/bin/wasmstate"]
CMD ["--help"]
