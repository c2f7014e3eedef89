./manage.py lms migrate event_routing_backends --noinput
./manage.py lms shell -c "
import json
from event_routing_backends.models import RouterConfiguration
configuration = {
    'backend_name': 'xapi',
    'enabled': {{ 'True' if ASPECTS_XAPI_SOURCE == 'lrs' else 'False' }},
    'route_url': 'http://{{ ASPECTS_RALPH_HOST }}:8100/',
    'auth_scheme': 'Basic',
    'username': '{{ ASPECTS_RALPH_USER }}',
    'password': '{{ ASPECTS_RALPH_PASSWORD }}',
    'configurations': '{}',
}
found = RouterConfiguration.objects.filter(backend_name='xapi').order_by('-change_date').first()
if not found or any(getattr(found, name) != value for name, value in configuration.items()):
    RouterConfiguration.objects.create(**configuration)
"
./manage.py lms create_dot_application \
    --grant-type authorization-code \
    --redirect-uris "{% if ENABLE_HTTPS %}https{% else %}http{% endif %}://{{ ASPECTS_SUPERSET_HOST }}/oauth-authorized/lms" \
    --client-id "{{ ASPECTS_LMS_CLIENT_ID }}" \
    --client-secret "{{ ASPECTS_LMS_CLIENT_SECRET }}" \
    --scopes user_id,profile,email \
    --skip-authorization \
    --update aspects-superset admin
