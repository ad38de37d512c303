"""The settings and the one page of use_django.py."""

from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "nothing here is secret"
DEBUG = True
ALLOWED_HOSTS = ["localhost"]
STATIC_URL = "/static/"
ROOT_URLCONF = __name__
INSTALLED_APPS = ["django_extensions"]
urlpatterns = [path("", lambda request: HttpResponse("served"))]
