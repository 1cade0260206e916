# kam's image: web, worker, beat, sweep and migrate are this one image with different commands.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# The requirements have a layer of their own: a change of code does not install them again.
COPY requirements/base.txt requirements/base.txt
RUN pip install --requirement requirements/base.txt

COPY . .

# The key serves this one step; the image holds no secret. Only var/ can be written by the application.
RUN SECRET_KEY=only-to-collect-static-files python manage.py collectstatic --no-input \
    && useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin kam \
    && mkdir -p var/media \
    && chown -R kam var

USER kam
EXPOSE 8000
VOLUME ["/app/var/media"]

# "Up" is what this asks; whether it can serve (database, migrations, broker) is asked at /readyz.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

CMD ["gunicorn", "kam.wsgi:application", "--bind=0.0.0.0:8000", "--threads=4", "--timeout=60", "--graceful-timeout=30", "--worker-tmp-dir=/dev/shm", "--no-control-socket"]
