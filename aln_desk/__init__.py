"""ALN Desk: axillary lymph node status from B-mode ultrasound. Research use only, not a medical device."""

__version__ = "0.1.0"
