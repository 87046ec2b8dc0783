# Cutaway's server in a small image, as a user without rights.
#   docker build -t cutaway .
#   docker run --rm -p 127.0.0.1:7000:7000 cutaway
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN python -m venv /opt/cutaway \
 && /opt/cutaway/bin/pip install --no-cache-dir '.[server]'

FROM python:3.12-slim
COPY --from=build /opt/cutaway /opt/cutaway
RUN useradd --system --uid 10001 --no-create-home cutaway \
 && install -d -o cutaway -g cutaway -m 0700 /jobs
ENV PATH=/opt/cutaway/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER cutaway
VOLUME /jobs
EXPOSE 7000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD \
  ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7000/health', timeout=4)"]
# 0.0.0.0 is the container's own network: what reaches it is settled by -p.
ENTRYPOINT ["cutaway", "serve", "--host", "0.0.0.0", "--port", "7000", "--jobs-dir", "/jobs"]
