from django.dispatch import Signal

job_waits = Signal()  # `job`: there is work for whoever does it, once the transaction is committed
