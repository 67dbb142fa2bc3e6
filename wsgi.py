"""For any WSGI server: `gunicorn wsgi:app`."""

from quizapp.app import create_web_app

app = create_web_app()
