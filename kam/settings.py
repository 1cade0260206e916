"""Settings of kam: one file, driven by environment variables.

Every variable is listed in `.env.example` and in the README's configuration table. A wrong or
missing value stops the start with a message that names the variable.
"""

import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from kam.environment import StrictEnv

BASE_DIR = Path(__file__).resolve().parent.parent

env = StrictEnv()
env.prefix = ""
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)  # what is not clearly on is off
TESTING = "pytest" in sys.modules

# A key of its own is required in production. In development `make run` sets DEBUG.
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not (DEBUG or TESTING):
        raise ImproperlyConfigured("Set SECRET_KEY (or DEBUG=on for development).")
    SECRET_KEY = "development-only-" + "0" * 40

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "kam.core",
    "kam.users",
    "kam.jobs",
    "crm",
    "templates_app",
    "plans",
    "stakeholders",
    "collaboration",
    "metrics",
    "rules.apps.AutodiscoverRulesConfig",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_structlog",
    "kam.core.admin_config.KamAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
]

MIDDLEWARE = [
    "kam.core.middleware.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "kam.core.middleware.ContentSecurityPolicyMiddleware",
    "kam.core.middleware.BodyLimitMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "kam.core.middleware.ActorMiddleware",
    "kam.users.middleware.LocaleAndTimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "kam.urls"
WSGI_APPLICATION = "kam.wsgi.application"
ASGI_APPLICATION = "kam.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["kam.core.templatetags.kam"],
        },
    },
]
FORM_RENDERER = "kam.core.form_renderer.KamFormRenderer"

# --- Database -------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'kam.sqlite3'}")}
_database = DATABASES["default"]
_database["ATOMIC_REQUESTS"] = False
if _database["ENGINE"] == "django.db.backends.sqlite3":
    Path(_database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    _database.setdefault("OPTIONS", {}).update(
        {
            # IMMEDIATE takes the write lock at BEGIN: no "database is locked" in the middle.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;"
                "PRAGMA recursive_triggers=OFF;"
            ),
        }
    )
else:
    _database["CONN_MAX_AGE"] = env.number("CONN_MAX_AGE", default=60)
    _database["CONN_HEALTH_CHECKS"] = True
    _options = _database.setdefault("OPTIONS", {})
    # One user cannot slow the others down: a statement of a page or request ends here.
    _timeout = env.number("STATEMENT_TIMEOUT_MS", default=30_000)
    _options.setdefault("options", f"-c statement_timeout={_timeout} -c timezone=UTC")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis, cache, Celery -------------------------------------------------------------------
# Without REDIS_URL nothing is enqueued: `manage.py sweep --loop` does the background work.
REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss"))
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "kam.core.cache.ForgivingRedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# An index that tells of each row more than its order is a plain index on SQLite, which is all it needs there.
SILENCED_SYSTEM_CHECKS = ["models.W040"]

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,  # above the hard time limit, or a running task is delivered twice
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Publishing never waits for a broker that is away: the sweep finds what a lost nudge left.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "sweep-stale-kpis": {"task": "metrics.tasks.sweep_stale_kpis", "schedule": 5.0},
    "work-off-jobs": {"task": "kam.jobs.tasks.work_off_jobs", "schedule": 10.0},
    # What is due stands in tables (metrics.jobs): this only says “look now”.
    "run-due-jobs": {"task": "metrics.tasks.run_due_jobs", "schedule": 60.0},
}

# --- Mail -----------------------------------------------------------------------------------
# Without EMAIL_URL, mails are printed instead of sent.
vars().update(env.mail("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="kam@localhost")
# Where kam is reached, for the links in mails: https://kam.example.com. Without it they have none.
SITE_URL = env.url("SITE_URL", schemes=("https", "http")).rstrip("/")
# The hour of the company's day from which the daily mails go out.
DIGEST_HOUR = env.number("DIGEST_HOUR", default=6, most=23)

# --- Users and login ------------------------------------------------------------------------
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["rules.permissions.ObjectPermissionBackend", "kam.users.backends.RoleBackend"]
LOGIN_URL = "users:login"
LOGIN_REDIRECT_URL = "metrics:home"
LOGOUT_REDIRECT_URL = "users:login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SESSION_COOKIE_HTTPONLY = True

# --- Security -------------------------------------------------------------------------------
HTTPS = env.flag("HTTPS", default=not (DEBUG or TESTING))
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The setting name that Django 6 uses; until then `kam.core.middleware` reads it.
SECURE_CSP = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024  # a bulk request of 10,000 rows; no body may be larger
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# --- Language, time, money ------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("en-gb", "English (UK)"), ("de", "Deutsch"), ("fr", "Français")]
USE_I18N = True
USE_TZ = True
# The company's time zone: calendar dates ("today") are taken in it.
TIME_ZONE = env.time_zone("TIME_ZONE", default="UTC")
COMPANY_CURRENCY = env.str("COMPANY_CURRENCY", default="USD").upper()
# Commercial and medical apart, both ways: medical colleagues see no targets, pipeline and orders, account
# managers and viewers no medical insights, except on plans they take part in (`crm.policies`).
SEPARATE_MEDICAL = env.flag("SEPARATE_MEDICAL", default=True)

# --- Static files ---------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG or TESTING
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING
MEDIA_ROOT = BASE_DIR / "var" / "media"

# --- API ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "kam.users.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["kam.core.api.permissions.DeclaredPolicy"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["kam.core.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "kam.core.api.pagination.CappedPagination",
    "DEFAULT_FILTER_BACKENDS": ["kam.core.api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "kam.core.api.schema.KamAutoSchema",
    "DEFAULT_VERSIONING_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "kam.core.api.problems.problem_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "DEFAULT_THROTTLE_CLASSES": [
        "kam.core.api.throttles.UserThrottle",
        "kam.core.api.throttles.AnonThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "user": env.rate("API_RATE", default="6000/min"),
        "anon": env.rate("API_ANON_RATE", default="60/min"),
        "login": env.rate("LOGIN_RATE", default="20/min"),
    },
    # How many proxies before us add to X-Forwarded-For: what others put there is not believed.
    "NUM_PROXIES": env.number("NUM_PROXIES", default=0),
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "kam",
    "DESCRIPTION": "Key account planning: the REST API. Money is a decimal string beside its currency.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # One name for each set of choices, whichever field has it.
    "ENUM_NAME_OVERRIDES": {
        "UserRole": "kam.users.models.Role",
        "TerritoryRole": "crm.enums.TerritoryRole",
        "ColleagueRole": "templates_app.enums.ColleagueRole",
        "ActivityStatus": "crm.enums.ActivityStatus",
        "ObjectiveStatus": "plans.enums.ObjectiveStatus",
        "PlanStatus": "plans.enums.PlanStatus",
        "PaceState": "metrics.enums.PaceState",
        "PromiseState": "metrics.api.promises.STATES",
        "RecordKind": "metrics.api.serializers.RECORD_KINDS",
        "CurveSource": "metrics.enums.CurveSource",
        "ChangeState": "metrics.enums.ChangeState",
        "DealOutcome": "metrics.enums.DealOutcome",
        "LibraryStatus": "templates_app.enums.LibraryStatus",
        "TemplateVersionStatus": "templates_app.enums.VersionStatus",
        "RevenueBasis": "templates_app.enums.RevenueBasis",
        "ReviewFrequency": "templates_app.enums.ReviewFrequency",
        "ItemKind": "templates_app.enums.ItemKind",
        "FieldKind": "templates_app.enums.FieldKind",
        "TaskStatus": "plans.enums.TaskStatus",
        "ActionPlanStatus": "plans.enums.ActionPlanStatus",
        "Impact": "plans.enums.Impact",
        "StakeholderLinkKind": "stakeholders.enums.LinkKind",
        "RelationshipLevel": "stakeholders.enums.RelationshipLevel",
        "StakeholderSupport": "stakeholders.enums.Support",
        "JobState": "kam.jobs.models.JobState",
        "JobItemState": "kam.jobs.kinds.ItemState",
    },
}

# --- Logs -----------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "kam.core.logs.json_formatter"},
        "plain": {"()": "kam.core.logs.plain_formatter"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain" if DEBUG or TESTING else "json"}
    },
    "root": {"handlers": ["console"], "level": env.log_level("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django_structlog": {"level": "WARNING" if DEBUG or TESTING else "INFO"},
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}

if TESTING:
    INSTALLED_APPS += ["zeal"]
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
