from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "kam.jobs"
    label = "jobs"

    def ready(self) -> None:
        from kam.jobs import receivers
        from kam.jobs.signals import job_waits

        job_waits.connect(receivers.nudge_on_commit, dispatch_uid="jobs-nudge")
