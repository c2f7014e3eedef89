"""Container images of the services, made of the Dockerfile in each service's folder."""
