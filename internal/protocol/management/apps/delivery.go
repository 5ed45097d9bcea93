package apps

import (
	"context"
	"net/http"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
)

// deliveryRows are about the secrets that tokens in addresses are signed with.
func (a *API) deliveryRows() []call.Row {
	const all = "/apps/{app}/delivery-secrets"
	return []call.Row{
		{Method: http.MethodGet, Path: all, Act: account.ViewApp, Do: a.deliverySecrets},
		{Method: http.MethodPost, Path: all, Act: account.ChangeSecret, Status: http.StatusCreated, Do: a.addDeliverySecret},
		{Method: http.MethodDelete, Path: all + "/{fingerprint}", Act: account.ChangeSecret, Do: a.removeDeliverySecret},
	}
}

func (a *API) deliverySecrets(ctx context.Context, c *call.Call) (any, error) {
	m, err := a.Manage.App(ctx, c.Actor, c.App)
	if err != nil {
		return nil, err
	}
	return call.Listed(m.DeliverySecrets, call.ShowSecret), nil
}

func (a *API) addDeliverySecret(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Secret string `json:"secret"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	m, text, err := a.Manage.AddDeliverySecret(ctx, c.Actor, c.App, in.Secret)
	if err != nil {
		return nil, err
	}
	return newSecret{text, call.Listed(m.DeliverySecrets, call.ShowSecret).Items}, nil
}

func (a *API) removeDeliverySecret(ctx context.Context, c *call.Call) (any, error) {
	m, err := a.Manage.RemoveDeliverySecret(ctx, c.Actor, c.App, c.Path("fingerprint"))
	if err != nil {
		return nil, err
	}
	return call.Listed(m.DeliverySecrets, call.ShowSecret), nil
}
